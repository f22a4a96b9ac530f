/** A number with the ends of its 95 % interval: `aurra` with `aurraLow` and `aurraHigh`. */
export type WithInterval<Name extends string, Value = number> = {
  readonly [Key in Name | `${Name}Low` | `${Name}High`]: Value;
};

/** The same as one value. Each is null if there is none. */
export interface Estimate {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export type Estimated<Name extends string> = Partial<WithInterval<Name, number | null>>;

export function estimateOf<Name extends string>(record: Estimated<Name>, name: Name): Estimate {
  return { value: record[name] ?? null, low: record[`${name}Low`] ?? null, high: record[`${name}High`] ?? null };
}
