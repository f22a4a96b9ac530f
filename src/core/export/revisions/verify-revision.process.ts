import { storeVerification, type Revision } from './revision.repository.ts';
import { storedVerification } from '../verify/findings.ts';
import { verifyFolder, type VerifyOptions } from '../verify/verify.process.ts';
import { threadsOf } from '../../models/engine/ensemble.process.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';

type VerifyRevisionOptions = Pick<VerifyOptions, 'sample' | 'signal' | 'onProgress'> & { readonly nowMs: () => number };

/** Checks the folder of a revision, and stores the result. @throws UsageError `not-an-export`; Interrupted */
export async function verifyRevision(
  { app, scope }: Workspace,
  { id, path }: Revision,
  { nowMs, ...options }: VerifyRevisionOptions,
): Promise<void> {
  const { filter, fetch } = app.config;
  const { requireProvider } = await import('../../platform/onnx/providers.ts');
  // An export can be verified on any machine.
  const provider = await requireProvider({ ...filter, providerFallback: true }, app.log);
  const verification = await verifyFolder(path, {
    ...options,
    threads: threadsOf(filter.threads),
    cropsPerPass: filter.batchCrops,
    provider,
    maxPixels: fetch.maxPixels,
  });
  await storeVerification(app.db, scope, { id, path, verified: storedVerification(verification, new Date(nowMs())) });
}
