/**
 * The first of a model's numbers that is none, with where it is: `NaN at class 1 of 4`; null if all are finite.
 *
 * @param noun what the numbers are of: `class`, `feature`
 */
export function notFiniteText(values: Float32Array, noun: string): string | null {
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  return wrong === -1 ? null : `${values[wrong]} at ${noun} ${wrong} of ${values.length}`;
}
