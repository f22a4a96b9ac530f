/** Milliseconds to wait after the failed try number `tries` (1, 2, ...). Doubles with each try, up to `capMs`. */
export function backoffMs(
  tries: number,
  { firstMs, capMs }: { readonly firstMs: number; readonly capMs: number },
): number {
  return Math.min(capMs, firstMs * 2 ** (tries - 1));
}
