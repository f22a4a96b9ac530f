import {
  WINDOWS,
  reservationOf,
  spacingOf,
  waitOf,
  type Limits,
  type PermitKey,
  type PermitState,
} from '../../../../../src/core/crawl/sources/politeness.ts';

/** Models in a few lines of TypeScript how a permit changes a key's state. The integration tests compare PostgreSQL with it. */
export function charge(asked: PermitKey, state: PermitState, { nowUs, reserveBytes }: Ask): PermitState {
  const keyUs = Math.max(nowUs, state.seenUs);
  const reserved = reservationOf(asked.limits, reserveBytes) ?? 0;
  const counted = (amounts: readonly number[], measure: keyof typeof WINDOWS, amount: number): readonly number[] => {
    if (asked.limits[measure] === null) return amounts;
    const { bucketUs, buckets } = WINDOWS[measure];
    const steps = Math.floor(keyUs / bucketUs) - Math.floor(state.seenUs / bucketUs);
    const empty = Array.from({ length: Math.min(steps, buckets) }, () => 0);
    const [newest = 0, ...older] = [...empty, ...amounts].slice(0, buckets);
    return [newest + amount, ...older];
  };
  return {
    ...state,
    seenUs: keyUs,
    dueUs: Math.max(state.dueUs, keyUs) + spacingOf(asked).intervalUs,
    requestsDay: counted(state.requestsDay, 'requestsPerDay', 1),
    bytesHour: counted(state.bytesHour, 'bytesPerHour', reserved),
    bytesDay: counted(state.bytesDay, 'bytesPerDay', reserved),
  };
}

type Ask = { readonly nowUs: number; readonly reserveBytes: number };

/** Returns the state after a permit, or undefined if it was refused. */
export function takeFrom(asked: PermitKey, state: PermitState, ask: Ask): PermitState | undefined {
  return waitOf(asked, state, ask) === null ? charge(asked, state, ask) : undefined;
}

const NO_LIMITS: Limits = {
  requestsPerMinute: null,
  requestsPerDay: null,
  bytesPerHour: null,
  bytesPerDay: null,
};

export function keyWith(limits: Partial<Limits>, minSpacingMs = 0): PermitKey {
  return { key: 'host:example.org', limits: { ...NO_LIMITS, ...limits }, minSpacingMs };
}

/** Returns the largest sum of amounts in any window of that length, including its ends. Times ascend. */
export function mostWithin(windowUs: number, events: readonly (readonly [timeUs: number, amount: number])[]): number {
  let most = 0;
  let sum = 0;
  let first = 0;
  for (const [timeUs, amount] of events) {
    sum += amount;
    for (let [from, gone] = events[first] ?? [timeUs, 0]; from < timeUs - windowUs;) {
      sum -= gone;
      first += 1;
      [from, gone] = events[first] ?? [timeUs, 0];
    }
    most = Math.max(most, sum);
  }
  return most;
}
