/** A number and the ends of its 95 % interval; null if there is none. */
export interface Estimate {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

type Estimated<Name extends string> = {
  readonly [Key in Name | `${Name}Low` | `${Name}High`]?: number | null;
};

/** The number `name` of a record: of `aurra` the ends are `aurraLow` and `aurraHigh`. */
export function estimateOf<Name extends string>(record: Estimated<Name>, name: Name): Estimate {
  return { value: record[name] ?? null, low: record[`${name}Low`] ?? null, high: record[`${name}High`] ?? null };
}
