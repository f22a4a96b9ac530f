import { hash } from 'node:crypto';
import { toSha256, type Sha256 } from '../kernel/ids.ts';

/** SHA-256 of bytes, or of a text as UTF-8. */
export function sha256Of(content: string | Uint8Array): Sha256 {
  return toSha256(hash('sha256', content));
}

export function sha256Bytes(content: string | Uint8Array): Buffer {
  return hash('sha256', content, 'buffer');
}
