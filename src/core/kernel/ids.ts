declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** 64 lower-case hex digits. */
export type Sha256 = Branded<string, 'Sha256'>;
/** A class id: a WordNet 3.0 synset id (`n` and eight digits), or any text that a custom collection uses as an id. */
export type Wnid = string;

const SHA256 = /^[0-9a-f]{64}$/;

export function isSha256(text: string): text is Sha256 {
  return SHA256.test(text);
}

export function toSha256(text: string): Sha256 {
  if (!isSha256(text)) throw new RangeError(`Expected 64 lower-case hex digits for a SHA-256 but received '${text}'`);
  return text;
}
