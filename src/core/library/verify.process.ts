import { stat } from 'node:fs/promises';
import type { Config } from '../config/settings.ts';
import type { Verification } from '../export/verify/findings.ts';
import { verifyFolder } from '../export/verify/verify.process.ts';
import { UsageError } from '../kernel/errors.ts';
import { threadsOf } from '../models/engine/ensemble.process.ts';
import type { Logger } from '../platform/log/logger.ts';
import type { VerifyOptions } from './options.ts';

/** @throws UsageError `not-a-folder`, `bad-sample` */
export async function verifyWith(
  { config: { filter, fetch }, log }: { readonly config: Config; readonly log: Logger },
  dir: string,
  { sample, signal, onProgress = () => undefined }: VerifyOptions & { readonly signal: AbortSignal },
): Promise<Verification> {
  if (sample !== undefined && !(Number.isSafeInteger(sample) && sample >= 0))
    throw new UsageError(`Expected a whole number from 0 for 'sample' but received '${sample}'`, {
      code: 'bad-sample',
    });
  await requireFolder(dir);
  // This loads ONNX Runtime, which most commands do not need.
  const { requireProvider } = await import('../platform/onnx/providers.ts');
  // An export can be verified on any machine.
  const provider = await requireProvider({ ...filter, providerFallback: true }, log);
  return verifyFolder(dir, {
    sample: sample ?? null,
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
