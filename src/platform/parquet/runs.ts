/** A page ends before its values do. */
export function cut(): Error {
  return new Error('a page ends before its values do');
}

/**
 * Fills `output` with numbers of `width` bits from Parquet's mix of runs and packed groups of eight. What goes beyond it is not read.
 * @throws Error if the bytes end before
 */
export function readRuns<T extends Uint8Array | Uint32Array>(bytes: Uint8Array, width: number, output: T): T {
  if (width > 32) throw new Error(`a page has numbers of ${width} bits`);
  let [at, seen] = [0, 0];
  const next = (): number => {
    const byte = bytes[at];
    if (byte === undefined) throw cut();
    at += 1;
    return byte;
  };
  while (seen < output.length) {
    let header = 0;
    for (let scale = 1, byte = 128; byte >= 128; scale *= 128) {
      byte = next();
      header += (byte % 128) * scale;
    }
    const isPacked = header % 2 === 1;
    const count = Math.min(output.length - seen, isPacked ? 4 * (header - 1) : header / 2);
    if (isPacked) {
      const from = at;
      unpack(output.subarray(seen, seen + count), width, next);
      at = from + ((header - 1) / 2) * width;
    } else {
      let value = 0;
      for (let i = 0; i < Math.ceil(width / 8); i += 1) value += next() * 256 ** i;
      output.fill(value, seen, seen + count);
    }
    seen += count;
  }
  return output;
}

/** The lowest bits come first. Whole numbers up to 2^40 are exact in a float. */
function unpack(output: Uint8Array | Uint32Array, width: number, next: () => number): void {
  const span = 2 ** width;
  let [held, scale] = [0, 1];
  for (let i = 0; i < output.length; i += 1) {
    for (; scale < span; scale *= 256) held += next() * scale;
    const rest = Math.floor(held / span);
    output[i] = held - rest * span;
    [held, scale] = [rest, scale / span];
  }
}
