/** The first two hex digits of a SHA-256, `00` to `ff`: blobs are stored and listed by them. */
export const SHARDS: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
