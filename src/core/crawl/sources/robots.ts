import type { FailedReason } from '../../kernel/reasons.ts';
import { NO_VERSION, type RemoteVersion } from './remote-version.ts';
import { isTransient, MAX_RETRY_AFTER_MS } from './retry-policy.ts';
import { decidingRule, decodeRobots, type RobotsRules } from './robots-file.ts';

/**
 * The stored robots.txt of a host. From it we decide whether a request is allowed (RFC 9309, sections 2.3 and 2.4). A fetch of
 * the file follows at least five redirects, also to other hosts. The answer applies to the host that was asked first.
 */
export interface StoredRobots {
  /** `https://host[:port]` */
  readonly origin: string;
  /** The rules of the last file for our agent. No rules if the site has no file. Null if it never answered. */
  readonly rules: RobotsRules | null;
  readonly life: RobotsLife;
  readonly version: RemoteVersion;
}

/** Times are milliseconds since the epoch, 0 for never. */
export interface RobotsLife {
  /** The last answer, or failure to answer. */
  readonly checkedMs: number;
  readonly expiresMs: number;
  /** Since when all requests have failed. Null if the last one was answered. */
  readonly failingSinceMs: number | null;
  /** While failing: when to ask again. */
  readonly retryMs: number;
  readonly failure: FailedReason | null;
}

export type RobotsVerdict =
  | { readonly kind: 'allow' }
  | { readonly kind: 'disallow'; readonly rule: string }
  | { readonly kind: 'fetch-first' }
  | { readonly kind: 'wait'; readonly untilMs: number; readonly life: RobotsLife };

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Section 2.4: no copy is used for longer, unless the host is unreachable. */
const MAX_FRESH_MS = DAY_MS;
/** A file that may not be cached is still used for this long, so that not every picture requests it. */
const MIN_FRESH_MS = 10 * MINUTE_MS;
/** Section 2.3.1.4: a host that was unreachable for this long may be treated as one without a file. */
const GIVE_UP_MS = 30 * DAY_MS;

export function robotsUrlOf(url: string): string {
  return `${new URL(url).origin}/robots.txt`;
}

/** Decides whether a URL may be requested. An expired copy is still used while its host cannot be reached. */
export function robotsVerdict(stored: StoredRobots | undefined, url: string, nowMs: number): RobotsVerdict {
  if (stored === undefined) return { kind: 'fetch-first' };
  const { rules, life } = stored;
  if (rules !== null && isAhead(life.expiresMs, nowMs)) return judge(rules, url);
  if (life.failingSinceMs === null || !isAhead(life.retryMs, nowMs)) return { kind: 'fetch-first' };
  if (rules !== null) return judge(rules, url);
  if (nowMs - life.failingSinceMs > GIVE_UP_MS) return { kind: 'allow' };
  return { kind: 'wait', untilMs: life.retryMs, life };
}

/** No wait is longer than a day, and workers' clocks differ a little, so a later time means that the clock was set back. */
const isAhead = (timeMs: number, nowMs: number): boolean => timeMs > nowMs && timeMs <= nowMs + DAY_MS + HOUR_MS;

function judge(rules: RobotsRules, url: string): RobotsVerdict {
  const rule = decidingRule(rules, url);
  if (rule === undefined || rule.isAllow) return { kind: 'allow' };
  return { kind: 'disallow', rule: `Disallow: ${rule.pattern}` };
}

/** The result of a request for robots.txt. `unreachable`: no answer, or none that could be read (DNS, TLS, timeout, ...). */
export type RobotsAnswer =
  | {
      readonly kind: 'answered';
      /** The status of the last hop, or of a redirect if there were more than five. */
      readonly status: number;
      /** The first `MAX_ROBOTS_BYTES` + 1 bytes suffice. */
      readonly body: Uint8Array;
      readonly cacheControl: string | null;
      readonly retryAfterMs: number | null;
      readonly version: RemoteVersion;
    }
  /** The stored copy is still valid (304). */
  | { readonly kind: 'unchanged'; readonly cacheControl: string | null }
  | { readonly kind: 'unreachable'; readonly reason: FailedReason };

type NoRobots = Exclude<RobotsAnswer, { readonly kind: 'unchanged' }>;

/** The parts of an answer to store. If `body` is null, keep the existing copy and its version. */
export interface RobotsUpdate {
  readonly body: string | null;
  readonly life: RobotsLife;
  readonly version: RemoteVersion;
}

/**
 * Interprets an answer. 2xx: a file. Other answers below 500, including 401 and 403 (2.3.1.3): there is no file, and
 * everything is allowed. 5xx, no answer, and 429: unreachable. (429 says when to ask again, not that the file is missing.)
 * 304 to a conditional request: the existing copy counts as new.
 */
export function digestRobots(previous: RobotsLife | undefined, answer: RobotsAnswer, nowMs: number): RobotsUpdate {
  if (answer.kind === 'unchanged') {
    return { body: null, life: freshLife(nowMs, freshMsOf(answer.cacheControl)), version: NO_VERSION };
  }
  const isNone = answer.kind === 'unreachable' || answer.status >= 500 || answer.status === 429;
  if (isNone) return { body: null, life: failingLife(previous, answer, nowMs), version: NO_VERSION };
  const isFile = answer.status >= 200 && answer.status < 300;
  return {
    body: isFile ? decodeRobots(answer.body) : '',
    life: freshLife(nowMs, isFile ? freshMsOf(answer.cacheControl) : MAX_FRESH_MS),
    version: isFile ? answer.version : NO_VERSION,
  };
}

function freshLife(nowMs: number, freshMs: number): RobotsLife {
  return { checkedMs: nowMs, expiresMs: nowMs + freshMs, failingSinceMs: null, retryMs: 0, failure: null };
}

/** The wait doubles each time, from a minute to six hours. An unreachable server is tried more often, at almost no cost. */
function failingLife(previous: RobotsLife | undefined, answer: NoRobots, nowMs: number): RobotsLife {
  const failingSinceMs = Math.min(previous?.failingSinceMs ?? nowMs, nowMs);
  const refusedMs = Math.min(Math.max(nowMs - failingSinceMs, MINUTE_MS), 6 * HOUR_MS);
  const pauseMs = answer.kind === 'answered' ? refusedMs : UNREACHABLE_PAUSE_MS;
  const askedMs = answer.kind === 'answered' ? (answer.retryAfterMs ?? 0) : 0;
  const retryMs = nowMs + Math.min(Math.max(pauseMs, askedMs), DAY_MS);
  return { checkedMs: nowMs, expiresMs: previous?.expiresMs ?? 0, failingSinceMs, retryMs, failure: failureOf(answer) };
}

const UNREACHABLE_PAUSE_MS = 5_000;

function failureOf(answer: NoRobots): FailedReason {
  if (answer.kind === 'unreachable') return answer.reason;
  return answer.status === 429 ? 'rate-limited' : 'http-5xx';
}

/** If a server still refuses its robots.txt after this long, the run stops asking. */
const REFUSING_PATIENCE_MS = 4 * MINUTE_MS;

/** True for a host that has failed for minutes and was asked again, asks to wait over an hour, or has a bad certificate. */
export function isGivenUp({ failingSinceMs, checkedMs, retryMs, failure }: RobotsLife): boolean {
  if (failure === null || failingSinceMs === null) return false;
  if (!isTransient({ reason: failure, status: null })) return true;
  if (failure !== 'http-5xx' && failure !== 'rate-limited') return false;
  return checkedMs - failingSinceMs >= REFUSING_PATIENCE_MS || retryMs - checkedMs > MAX_RETRY_AFTER_MS;
}

function freshMsOf(cacheControl: string | null): number {
  const text = (cacheControl ?? '').toLowerCase();
  if (/\bno-(store|cache)\b/.test(text)) return MIN_FRESH_MS;
  const seconds = /\bmax-age\s*=\s*"?(\d+)/.exec(text)?.[1];
  if (seconds === undefined) return MAX_FRESH_MS;
  return Math.min(Math.max(Number(seconds) * 1000, MIN_FRESH_MS), MAX_FRESH_MS);
}
