import { createHmac } from 'node:crypto';

/** A secret for one purpose. It tells nothing about the key, and is the same until the key is deleted. */
export function secretFor(purpose: string, sessionKey: Buffer): string {
  return createHmac('sha256', sessionKey).update(purpose).digest('hex');
}
