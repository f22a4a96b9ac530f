import { stat } from 'node:fs/promises';
import type { Config } from '../config/settings.ts';
import type { Verification } from '../export/verify/findings.ts';
import { verifyFolder } from '../export/verify/verify.process.ts';
import { UsageError } from '../kernel/errors.ts';
import { threadsOf } from '../models/engine/ensemble.process.ts';
import type { Logger } from '../platform/log/logger.ts';
import { withDefaults } from './operation.ts';
import { VERIFY, type VerifyOptions } from './options.ts';

/** @throws UsageError `not-a-folder`, `bad-sample` */
export async function verifyWith(
  { config: { filter, fetch }, log }: { readonly config: Config; readonly log: Logger },
  dir: string,
  { signal, onProgress = () => undefined, ...options }: VerifyOptions & { readonly signal: AbortSignal },
): Promise<Verification> {
  const { sample = null } = withDefaults(VERIFY, options);
  await requireFolder(dir);
  // This loads ONNX Runtime, which most commands do not need.
  const { requireProvider } = await import('../platform/onnx/providers.ts');
  // An export can be verified on any machine.
  const provider = await requireProvider({ ...filter, providerFallback: true }, log);
  return verifyFolder(dir, {
    sample,
    threads: threadsOf(filter.threads),
    cropsPerPass: filter.batchCrops,
    provider,
    maxPixels: fetch.maxPixels,
    signal,
    onProgress,
  });
}

async function requireFolder(dir: string): Promise<void> {
  const found = await stat(dir).catch(() => null);
  if (found?.isDirectory() === true) return;
  const why = found === null ? 'No such folder' : 'Not a folder';
  throw new UsageError(`${why}: ${dir}. Give the folder that \`winnow export --out\` made`, { code: 'not-a-folder' });
}
