const SIGN = 0x80_00;
const EXPONENT = 0x7c_00;
const FRACTION = 0x03_ff;

/** The value of a float16 (IEEE 754 binary16). */
export function halfToNumber(bits: number): number {
  const sign = (bits & SIGN) === 0 ? 1 : -1;
  const exponent = (bits & EXPONENT) >> 10;
  const fraction = bits & FRACTION;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Rounds to the nearest float16, ties to even, as NumPy's `astype(float16)`. Values of 65,520 and more become infinite. */
export function toHalves(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (float, i) => {
    const sign = (float >>> 16) & SIGN;
    const size = float & 0x7f_ff_ff_ff;
    if (size > 0x7f_80_00_00) return sign | EXPONENT | 0x02_00;
    // Below 2^-14 float16 has steps of 2^-24.
    if (size < 0x38_80_00_00) return sign | roundedToEven(Math.abs(values[i] ?? 0) * 2 ** 24);
    const rounded = size + 0x0f_ff + ((size >>> 13) & 1);
    return sign | Math.min(EXPONENT, (rounded - 0x38_00_00_00) >>> 13);
  });
}

function roundedToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
