import { describe, expect, it } from 'vitest';
import { tQuantile, tTail } from '../../../../src/core/kernel/student-t.ts';

// From scipy 1.17: t.ppf(0.975, degrees) and 2 * t.sf(t, degrees).
describe('Student’s distribution', () => {
  it.each([
    [1, 12.706_204_736_174_694],
    [1.5, 6.016_663_104_427_929],
    [2, 4.302_652_729_749_462],
    [3, 3.182_446_305_283_707_8],
    [10, 2.228_138_851_986_274],
    [12.4, 2.171_043_117_662_886],
    [100, 1.983_971_518_523_551_8],
  ])('has the 97.5 %% quantile of scipy for %s degrees of freedom', (degrees, quantile) => {
    expect(tQuantile(degrees) / quantile).toBeCloseTo(1, 11);
  });

  it.each([
    [0, 3, 1],
    [0.5, 1, 0.704_832_764_699_133_5],
    [2.1, 2.5, 0.144_502_444_754_843_78],
    [8, 30, 6.265_822_475_700_759e-9],
    [40, 3.7, 5.138_624_982_141_497e-6],
    [1.96, 9999, 0.050_023_523_005_210_2],
  ])('has the two-sided p of scipy for t = %s and %s degrees of freedom', (t, degrees, p) => {
    expect(tTail(t, degrees) / p).toBeCloseTo(1, 9);
  });
});
