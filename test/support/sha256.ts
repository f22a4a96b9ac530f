import { createHash } from 'node:crypto';
import { toSha256, type Sha256 } from '../../src/core/kernel/ids.ts';

export function sha256Of(content: string | Uint8Array): Sha256 {
  return toSha256(createHash('sha256').update(content).digest('hex'));
}
