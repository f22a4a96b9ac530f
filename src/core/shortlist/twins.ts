import { FingerprintIndex, type ParsedFingerprint } from '../photo/hashes/fingerprint-index.ts';
import { parseHash } from '../photo/hashes/perceptual-hash.ts';
import type { FineHash } from '../photo/hashes/fine-hash.ts';

export type TwinMeasure = 'hash' | 'cosine';

interface Comparable {
  readonly perceptualHash: string;
  readonly fineHash?: FineHash;
  readonly features?: Float32Array;
}

interface Similarity {
  readonly nearDuplicateDistance: number;
  readonly nearDuplicateCosine?: number | null;
}

export class Twins<Photo extends Comparable> {
  readonly #policy: Similarity;
  readonly #photos: Photo[] = [];
  readonly #hashes = new FingerprintIndex();

  constructor(policy: Similarity) {
    this.#policy = policy;
  }

  add(photo: Photo): void {
    this.#photos.push(photo);
    this.#hashes.add(parsedFingerprint(photo));
  }

  /** The twin that was added first, or null if there is none. */
  find(photo: Photo): { readonly twin: Photo; readonly by: TwinMeasure } | null {
    const { features } = photo;
    const { nearDuplicateDistance, nearDuplicateCosine = null } = this.#policy;
    const byHash = this.#photos[this.#hashes.firstMatch(parsedFingerprint(photo), nearDuplicateDistance)];
    if (byHash !== undefined) return { twin: byHash, by: 'hash' };
    if (nearDuplicateCosine === null || features === undefined) return null;
    const byFeatures = this.#photos.find(
      (other) => other.features !== undefined && dot(other.features, features) >= nearDuplicateCosine,
    );
    return byFeatures === undefined ? null : { twin: byFeatures, by: 'cosine' };
  }
}

/** Summed in a fixed order, in double precision: the same on every machine. Vectors of different models never match. */
function dot(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return -1;
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function parsedFingerprint({ perceptualHash, fineHash }: Comparable): ParsedFingerprint {
  return { hash: parseHash(perceptualHash), fineHash: fineHash ?? null };
}
