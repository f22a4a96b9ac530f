/** Numbers in 0..1 of the linear congruential generator x = (1664525 x + 1013904223) mod 2^32. Python gives the same. */
export function madeNumbers(seed: number, count: number): number[] {
  let x = seed >>> 0;
  return Array.from({ length: count }, () => {
    x = (Math.imul(1_664_525, x) + 1_013_904_223) >>> 0;
    return x / 2 ** 32;
  });
}
