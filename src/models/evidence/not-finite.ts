/** The first value that is NaN or infinite and its place: `NaN at class 1 of 4`. Null if all are finite. */
export function notFiniteText(values: Float32Array, noun: string): string | null {
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  return wrong === -1 ? null : `${values[wrong]} at ${noun} ${wrong} of ${values.length}`;
}
