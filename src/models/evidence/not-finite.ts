/**
 * The first value that is NaN or infinite and its place: `NaN at class 1 of 4`; null if all are finite.
 *
 * @param noun what the values belong to: `class`, `feature`
 */
export function notFiniteText(values: Float32Array, noun: string): string | null {
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  return wrong === -1 ? null : `${values[wrong]} at ${noun} ${wrong} of ${values.length}`;
}
