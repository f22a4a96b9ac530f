/**
 * The rules of politeness, without I/O: how often a key may be asked, and why it has to wait. A key is what a site counts
 * requests by: its API, the host of its pictures, or its pictures as a whole. permit.repository.ts applies these rules to
 * rows that all workers share.
 *
 * Requests a minute are spaced by the generic cell rate algorithm (GCRA, ITU-T I.371): a key's next request is due at `due`.
 * A request at `now` is permitted if `due <= now + (burst - 1) * interval`, and moves `due` to `max(due, now) + interval`. So
 * of n requests in a row the last is at least (n - burst) * interval after the first, and any 60 s contain at most burst + 60
 * s / interval, which `spacingOf` makes one less than the limit.
 *
 * Requests a day, and bytes an hour and a day, are counted in buckets of a fixed width. A bucket expires as a whole. A window
 * of length w counts w / width + 2 buckets, so it covers the last w and one `width` more. Amounts are counted when they are
 * permitted. If they arrive or end at most `width` later, no window of the site contains more than we counted.
 */

export interface Limits {
  readonly requestsPerMinute: number | null;
  readonly requestsPerDay: number | null;
  readonly bytesPerHour: number | null;
  readonly bytesPerDay: number | null;
}

export interface PermitKey {
  readonly key: string;
  readonly limits: Limits;
  /** The least time between two requests, whatever the limits are (robots.txt Crawl-delay), in milliseconds. 0: none. */
  readonly minSpacingMs: number;
  /** Requests in flight, in all processes. Absent or null: no limit. */
  readonly connections?: number | null;
  /** See `SourceLimits`. */
  readonly pauseAfterErrorMs?: number | null;
}

/** Times are microseconds since the epoch, 0 for never. Lists of amounts start with the newest bucket. */
export interface PermitState {
  /** When the last permit was given. The first bucket of each list belongs to this time. */
  readonly seenUs: number;
  readonly dueUs: number;
  readonly requestsDay: readonly number[];
  readonly bytesHour: readonly number[];
  readonly bytesDay: readonly number[];
  readonly heldUntilUs: number;
  readonly holdReason: string | null;
  /** The number of blocks in a row. 0: the circuit is closed. */
  readonly trips: number;
  readonly trippedUntilUs: number;
  readonly tripReason: string | null;
  readonly probeUntilUs: number;
}

export const UNUSED_KEY: PermitState = {
  seenUs: 0,
  dueUs: 0,
  requestsDay: [],
  bytesHour: [],
  bytesDay: [],
  heldUntilUs: 0,
  holdReason: null,
  trips: 0,
  trippedUntilUs: 0,
  tripReason: null,
  probeUntilUs: 0,
};

const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;
const HOUR_US = 60 * MINUTE_US;

export interface RateWindow {
  readonly bucketUs: number;
  readonly buckets: number;
}

const windowOf = (lengthUs: number, bucketUs: number): RateWindow => ({ bucketUs, buckets: lengthUs / bucketUs + 2 });

/** The widths are a compromise. The time that is counted beyond the window reduces our budget (3 % of an hour, 1 % of a day). */
export const WINDOWS = {
  requestsPerDay: windowOf(24 * HOUR_US, 15 * MINUTE_US),
  bytesPerHour: windowOf(HOUR_US, 2 * MINUTE_US),
  bytesPerDay: windowOf(24 * HOUR_US, 15 * MINUTE_US),
} as const;

/**
 * If the clock is behind a key's last permit by up to this, requests wait, because workers' clocks differ. If it is further
 * behind, it was ahead before and has been corrected, and the key is moved to it (`setBack` in the repository).
 */
export const CLOCK_TOLERANCE_US = 2 * HOUR_US;

/** The pauses after each block in a row. The last pause applies to all further blocks. */
export const CIRCUIT_PAUSES_US: readonly number[] = [10 * MINUTE_US, HOUR_US, 6 * HOUR_US, 24 * HOUR_US];

/** After a pause one request probes the source. If its worker dies, another one may try after this. */
export const PROBE_LEASE_US = 5 * MINUTE_US;
/** When to check a probe again. Most probes are answered long before their lease ends. */
const PROBE_POLL_US = 5 * SECOND_US;

export interface Spacing {
  /** The average time between two requests. 0: no limit. */
  readonly intervalUs: number;
  /** How long before its due time a request may be sent: burst - 1 intervals. */
  readonly slackUs: number;
}

/**
 * Returns a spacing that allows one request less than the limit in any 60 s (or the limit, if it is 1 or 2). The spare
 * request covers permits that are used a little later than they were given. Requests are evenly spaced. Only limits above 600
 * a minute may make up for a pause of up to 0.1 s, which is the delay of timers and of the database.
 */
export function spacingOf({ limits, minSpacingMs }: PermitKey): Spacing {
  const limit = limits.requestsPerMinute;
  if (limit === null && minSpacingMs === 0) return UNSPACED;
  const burst = limit === null ? 1 : Math.max(1, Math.floor(limit / 600));
  const perMinute = limit === null ? Infinity : Math.max(limit - 1 - burst, limit / 2);
  const intervalUs = Math.ceil(Math.max(MINUTE_US / perMinute, minSpacingMs * 1000));
  const isSlowedDown = intervalUs > Math.ceil(MINUTE_US / perMinute);
  return { intervalUs, slackUs: isSlowedDown ? 0 : (burst - 1) * intervalUs };
}

/** A slack of 71 years, so that a due time from an earlier limit has no effect. */
const UNSPACED: Spacing = { intervalUs: 0, slackUs: 2 ** 51 };

/** Null if the key's bytes are not counted. A file that may be larger than a whole budget needs the full budget. */
export function reservationOf({ bytesPerHour, bytesPerDay }: Limits, reserveBytes: number): number | null {
  if (bytesPerHour === null && bytesPerDay === null) return null;
  return Math.min(reserveBytes, bytesPerHour ?? Infinity, bytesPerDay ?? Infinity);
}

export type WaitReason =
  | 'spacing'
  | 'requests-per-day'
  | 'bytes-per-hour'
  | 'bytes-per-day'
  | 'retry-after'
  | 'circuit-open'
  | 'probe-under-way'
  | 'clock-set-back';

export interface Wait {
  readonly key: string;
  readonly reason: WaitReason;
  readonly untilUs: number;
  readonly detail: string | null;
}

/** The longest of all waits. Null if the request is permitted. */
export function waitOf(asked: PermitKey, state: PermitState, { nowUs, reserveBytes }: Ask): Wait | null {
  const { key, limits } = asked;
  if (nowUs < state.seenUs - CLOCK_TOLERANCE_US) {
    return { key, reason: 'clock-set-back', untilUs: nowUs, detail: null };
  }
  const keyUs = Math.max(nowUs, state.seenUs);
  const reserved = reservationOf(limits, reserveBytes) ?? 0;
  const untils: readonly (readonly [WaitReason, number, string | null])[] = [
    ['spacing', state.dueUs - spacingOf(asked).slackUs, null],
    ['requests-per-day', budgetFrom(budgetOf('requestsPerDay', asked, state), 1, keyUs), null],
    ['bytes-per-hour', budgetFrom(budgetOf('bytesPerHour', asked, state), reserved, keyUs), null],
    ['bytes-per-day', budgetFrom(budgetOf('bytesPerDay', asked, state), reserved, keyUs), null],
    ['retry-after', state.heldUntilUs, state.holdReason],
    ['circuit-open', state.trippedUntilUs, state.tripReason],
    ['probe-under-way', probeFrom(state, keyUs), state.tripReason],
  ];
  const [reason, untilUs, detail] = untils.reduce((longest, wait) => (wait[1] > longest[1] ? wait : longest));
  return untilUs > keyUs ? { key, reason, untilUs, detail } : null;
}

interface Ask {
  readonly nowUs: number;
  readonly reserveBytes: number;
}

function probeFrom({ trips, probeUntilUs }: PermitState, keyUs: number): number {
  return trips === 0 || probeUntilUs <= keyUs ? 0 : Math.min(probeUntilUs, keyUs + PROBE_POLL_US);
}

type Measure = keyof typeof WINDOWS;

interface Counted extends RateWindow {
  readonly limit: number | null;
  readonly amounts: readonly number[];
  readonly seenUs: number;
}

function budgetOf(measure: Measure, { limits }: PermitKey, state: PermitState): Counted {
  const amounts = {
    requestsPerDay: state.requestsDay,
    bytesPerHour: state.bytesHour,
    bytesPerDay: state.bytesDay,
  }[measure];
  return { ...WINDOWS[measure], limit: limits[measure], amounts, seenUs: state.seenUs };
}

/** The sum of the buckets that still count after `steps` more buckets have begun. */
function usedAfter({ amounts, buckets }: Counted, steps: number): number {
  return amounts.slice(0, Math.max(0, buckets - steps)).reduce((sum, amount) => sum + amount, 0);
}

const stepsBetween = ({ bucketUs, seenUs }: Counted, timeUs: number): number =>
  Math.floor(timeUs / bucketUs) - Math.floor(seenUs / bucketUs);

/** When `amount` fits into the remaining budget. 0 if it fits at `nowUs`. */
function budgetFrom(counted: Counted, amount: number, nowUs: number): number {
  const { limit, bucketUs, buckets, seenUs } = counted;
  if (limit === null) return 0;
  const now = stepsBetween(counted, nowUs);
  let steps = now;
  while (steps < buckets && usedAfter(counted, steps) + amount > limit) steps += 1;
  return steps === now ? 0 : (Math.floor(seenUs / bucketUs) + steps) * bucketUs;
}

export interface Budget {
  readonly measure: Measure;
  readonly limit: number;
  readonly used: number;
  readonly left: number;
}

export interface LimitState {
  readonly key: string;
  readonly limits: Limits;
  /** When the next permit is due, in milliseconds from now. 0: at once. */
  readonly nextPermitInMs: number;
  readonly wait: Wait | null;
  readonly budgets: readonly Budget[];
  readonly circuit: 'closed' | 'open' | 'half-open';
  readonly trips: number;
}

export function limitStateOf(asked: PermitKey, state: PermitState, nowUs: number): LimitState {
  const keyUs = Math.max(nowUs, state.seenUs);
  const wait = waitOf(asked, state, { nowUs, reserveBytes: 1 });
  const measures: readonly Measure[] = ['requestsPerDay', 'bytesPerHour', 'bytesPerDay'];
  const budgets = measures.flatMap((measure): Budget[] => {
    const counted = budgetOf(measure, asked, state);
    if (counted.limit === null) return [];
    const used = usedAfter(counted, stepsBetween(counted, keyUs));
    return [{ measure, limit: counted.limit, used, left: Math.max(0, counted.limit - used) }];
  });
  const openness = state.trippedUntilUs > keyUs ? 'open' : 'half-open';
  const circuit = state.trips === 0 ? 'closed' : openness;
  const nextPermitInMs = wait === null ? 0 : waitMsOf(wait, nowUs);
  return { key: asked.key, limits: asked.limits, nextPermitInMs, wait, budgets, circuit, trips: state.trips };
}

/** Whole milliseconds, at least one, so that a timer never fires too early. */
export function waitMsOf({ untilUs }: Wait, nowUs: number): number {
  return Math.max(1, Math.ceil((untilUs - nowUs) / 1000));
}

const WAIT_TEXTS: Readonly<Record<WaitReason, string>> = {
  spacing: 'requests are spaced evenly (requests a minute, or Crawl-delay)',
  'requests-per-day': 'the requests of the last 24 hours are used up',
  'bytes-per-hour': 'the bytes of the last hour are used up',
  'bytes-per-day': 'the bytes of the last 24 hours are used up',
  'retry-after': 'the site asked to wait',
  'circuit-open': 'the site blocked us, so we pause',
  'probe-under-way': 'the site blocked us, and one request is testing whether it still does',
  'clock-set-back': 'the clock was set back',
};

export function explainWait({ key, reason, untilUs, detail }: Wait): string {
  const until = new Date(Math.ceil(untilUs / 1000)).toISOString();
  return `${key} waits until ${until}: ${WAIT_TEXTS[reason]}${detail === null ? '' : ` (${detail})`}`;
}
