import { createHash } from 'node:crypto';
import { pipeline, Transform, type Readable, type TransformCallback } from 'node:stream';
import { LostBytes } from '../../kernel/blobs.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { sha256Of } from '../../tools/sha256.ts';

export interface Expected {
  readonly sha256: Sha256;
  readonly place: string;
}

/** The bytes, if their SHA-256 is the expected one. @throws LostBytes `wrong` */
export function verified(bytes: Buffer, expected: Expected): Buffer {
  const actual = sha256Of(bytes);
  if (actual !== expected.sha256) throw wrongBytes(expected, actual);
  return bytes;
}

/** The same for a stream: see `OpenBlob`. Destroying either stream destroys the other. */
export function verifiedStream(source: Readable, expected: Expected): Readable {
  // The reader of the returned stream gets the error, so nothing else needs to report it.
  return pipeline(source, new Verifier(expected), () => undefined);
}

/** Passes chunks on, but holds the last one back until the hash of all is known. */
class Verifier extends Transform {
  readonly #expected: Expected;
  readonly #hash = createHash('sha256');
  #held: Buffer | null = null;

  constructor(expected: Expected) {
    super();
    this.#expected = expected;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk);
    if (this.#held !== null) this.push(this.#held);
    this.#held = chunk;
    done();
  }

  override _flush(done: TransformCallback): void {
    const actual = this.#hash.digest('hex');
    if (actual === this.#expected.sha256) done(null, this.#held);
    else done(wrongBytes(this.#expected, actual));
  }
}

function wrongBytes({ sha256, place }: Expected, actual: string): LostBytes {
  return new LostBytes('wrong', `Expected the bytes of SHA-256 ${sha256} at ${place} but they hash to ${actual}`);
}
