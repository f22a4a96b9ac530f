/**
 * Milliseconds to wait after a try that failed. The pause doubles with each try.
 *
 * @param tries tries made so far: 1, 2, ...
 */
export function backoffMs(
  tries: number,
  { firstMs, capMs }: { readonly firstMs: number; readonly capMs: number },
): number {
  return Math.min(capMs, firstMs * 2 ** (tries - 1));
}
