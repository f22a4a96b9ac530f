import { describe, expect, it } from 'vitest';
import { minimise, type Objective, findStep } from '../../../../src/measure/heads/lbfgs.ts';
import { seededRandom } from '../../../support/random.ts';

/** Half of x . A x - b . x with A = Q D Q, where Q = I - 2 v v / v.v is a reflection. Its minimum is known: A x = b. */
function quadratic(eigenvalues: readonly number[], seed: number): { objective: Objective; minimum: number[] } {
  const random = seededRandom(seed);
  const v = eigenvalues.map(() => random.next() - 0.5);
  const length2 = v.reduce((sum, each) => sum + each ** 2, 0);
  const reflect = (x: readonly number[]): number[] => {
    const share = (2 * x.reduce((sum, each, i) => sum + each * (v[i] ?? 0), 0)) / length2;
    return x.map((each, i) => each - share * (v[i] ?? 0));
  };
  const times = (x: readonly number[]): number[] => reflect(reflect(x).map((each, i) => each * (eigenvalues[i] ?? 0)));
  const minimum = eigenvalues.map(() => 2 * random.next() - 1);
  const b = times(minimum);
  const objective: Objective = (point, gradient) => {
    const ax = times([...point]);
    let value = 0;
    for (const [i, each] of ax.entries()) {
      gradient[i] = each - (b[i] ?? 0);
      value += (point[i] ?? 0) * (each / 2 - (b[i] ?? 0));
    }
    return Promise.resolve(value);
  };
  return { objective, minimum };
}

const OPTIONS = { gradientNorm: 1e-9, mostIterations: 20_000 };

describe('L-BFGS', () => {
  it.each([1, 10, 1e3, 1e5])('finds the minimum of quadratics with condition number %d', async (condition) => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const eigenvalues = Array.from({ length: 30 }, (_, i) => condition ** (i / 29));
      const { objective, minimum } = quadratic(eigenvalues, seed);
      const found = await minimise(objective, new Float64Array(30), OPTIONS);
      expect(found.hasConverged).toBe(true);
      expect(found.gradientNorm).toBeLessThanOrEqual(1e-9);
      for (const [i, value] of minimum.entries()) expect(found.point[i]).toBeCloseTo(value, 8);
    }
  });

  it('finds the minimum of the Rosenbrock function, which is no convex function, in some dozen iterations', async () => {
    const rosenbrock: Objective = ([x = 0, y = 0], gradient) => {
      gradient[0] = -400 * x * (y - x * x) - 2 * (1 - x);
      gradient[1] = 200 * (y - x * x);
      return Promise.resolve(100 * (y - x * x) ** 2 + (1 - x) ** 2);
    };
    const found = await minimise(rosenbrock, Float64Array.of(-1.2, 1), OPTIONS);
    expect(found.point[0]).toBeCloseTo(1, 8);
    expect(found.point[1]).toBeCloseTo(1, 8);
    expect(found.iterations).toBeLessThan(60);
  });

  it('says that it has not converged when it runs out of iterations', async () => {
    const { objective } = quadratic([1, 10, 100, 1000], 1);
    const found = await minimise(objective, new Float64Array(4), { ...OPTIONS, mostIterations: 2 });
    expect([found.hasConverged, found.iterations]).toEqual([false, 2]);
    expect(found.gradientNorm).toBeGreaterThan(1e-9);
  });
});

describe('a line search', () => {
  it.each([1e-6, 1e-3, 1, 1e3, 1e6])('fulfils the strong Wolfe conditions from a first step of %d', async (first) => {
    // A function of Moré & Thuente: -x / (x² + 2), with its minimum at the square root of 2.
    const at = (step: number) => ({
      step,
      value: -step / (step ** 2 + 2),
      slope: (step ** 2 - 2) / (step ** 2 + 2) ** 2,
    });
    const found = await findStep((step) => Promise.resolve(at(step)), at(0), first);
    expect(found?.value).toBeLessThanOrEqual(1e-4 * (found?.step ?? 0) * at(0).slope);
    expect(Math.abs(found?.slope ?? 1)).toBeLessThanOrEqual(0.9 * 0.5);
  });

  it('goes back from steps where the function is no number', async () => {
    const at = (step: number) => ({ step, value: -Math.log(1 - step) - 3 * step, slope: 1 / (1 - step) - 3 });
    const found = await findStep((step) => Promise.resolve(at(step)), at(0), 1.5);
    expect(found?.step).toBeGreaterThan(0);
    expect(found?.step).toBeLessThan(1);
  });
});
