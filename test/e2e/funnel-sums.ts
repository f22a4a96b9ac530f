import { expect } from 'vitest';
import type { Funnel, Totals } from '../../src/core/kernel/funnel.ts';

const sum = (counts: object): number =>
  Object.values(counts).reduce<number>((total, count) => total + Number(count), 0);

/** Every sum that `winnow status --help` names, for the totals, each class and each source, and across them. */
export function expectFunnelAddsUp(funnel: Funnel): void {
  for (const totals of [funnel.totals, ...funnel.classes, ...funnel.sources]) expectTotalsAddUp(totals);
  expect(sumRows(funnel.classes)).toEqual(flat(funnel.totals));
  expect(sumRows(funnel.sources)).toEqual(flat(funnel.totals));
}

function expectTotalsAddUp(totals: Totals): void {
  const { found, waiting, fetched, dropped, failed, duplicates, decided, shortlisted, leftOut, unlisted } = totals;
  expect(found).toBe(waiting + fetched + sum(dropped) + sum(failed));
  expect(fetched).toBe(duplicates + sum(decided));
  expect(decided.kept).toBe(shortlisted + sum(leftOut) + unlisted);
  const { selected, rejected, unsure, disputed, unreviewed } = totals;
  expect(shortlisted).toBe(selected + rejected + unsure + disputed + unreviewed);
  for (const count of Object.values(flat(totals))) expect(count).toBeGreaterThanOrEqual(0);
}

/** Every count under a dotted name, zeros left out: `failed.truncated`. */
function flat(totals: object, prefix = ''): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [name, value] of Object.entries(totals)) {
    if (typeof value === 'number' && value !== 0) counts[`${prefix}${name}`] = value;
    if (typeof value === 'object' && value !== null) Object.assign(counts, flat(value, `${prefix}${name}.`));
  }
  return counts;
}

function sumRows(rows: readonly object[]): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const row of rows) {
    for (const [name, count] of Object.entries(flat(row))) totals[name] = (totals[name] ?? 0) + count;
  }
  return totals;
}
