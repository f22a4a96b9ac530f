/** How a test run is sized, and repeated, from outside. */
export function numberFrom(variable: string, byDefault: number): number {
  // oxlint-disable-next-line node/no-process-env -- not a setting of the product's
  const text = process.env[variable];
  return text === undefined ? byDefault : Number(text);
}

/** Names by comma; nothing by default. */
export function namesFrom(variable: string): readonly string[] | undefined {
  // oxlint-disable-next-line node/no-process-env -- not a setting of the product's
  return process.env[variable]?.split(',');
}

/** Numbers in 0..1, the same ones for a seed (Mulberry32, public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`;
}
