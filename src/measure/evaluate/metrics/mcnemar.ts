/**
 * McNemar's exact test: how likely is a split of the photos that one model alone gets right at least this uneven, if
 * neither model is better? A binomial test with share 1/2, two-sided; 1 without such photos. Source: Q. McNemar,
 * Psychometrika 12 (1947); equal to statsmodels' `mcnemar(exact=True)`.
 */
export function mcnemarP(onlyA: number, onlyB: number): number {
  const trials = onlyA + onlyB;
  let [logWays, tail] = [0, 0];
  for (let i = 0; i <= Math.min(onlyA, onlyB); i += 1) {
    tail += Math.exp(logWays - trials * Math.LN2);
    logWays += Math.log((trials - i) / (i + 1));
  }
  return Math.min(1, 2 * tail);
}

/**
 * Holm's correction for several tests: the chance that any true equality is called a difference stays below the level
 * that the corrected values are compared with. Source: S. Holm, "A simple sequentially rejective multiple test
 * procedure", Scandinavian Journal of Statistics 6 (1979).
 */
export function holm(values: readonly number[]): number[] {
  const corrected = values.map(() => 1);
  let most = 0;
  const order = [...values.keys()].toSorted((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  for (const [rank, at] of order.entries()) {
    most = Math.max(most, Math.min(1, (values.length - rank) * (values[at] ?? 0)));
    corrected[at] = most;
  }
  return corrected;
}
