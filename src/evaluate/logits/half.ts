const SIGN = 0x80_00;
const EXPONENT = 0x7c_00;
const FRACTION = 0x03_ff;

/** IEEE 754 binary16. */
export function halfToNumber(bits: number): number {
  const sign = (bits & SIGN) === 0 ? 1 : -1;
  const exponent = (bits & EXPONENT) >> 10;
  const fraction = bits & FRACTION;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
