import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../../kernel/backoff.ts';
import { messageOf, RetryLater } from '../../kernel/errors.ts';
import { parseRetryAfterMs } from '../../kernel/retry-after.ts';

export interface HubFetchOptions {
  readonly signal: AbortSignal;
  /** Before the second try. It doubles with each further try. */
  readonly pauseMs: number;
}

const TRIES = 6;
const MAX_PAUSE_MS = 60_000;
/** If the Hub asks for a longer pause, the run ends instead. */
const MAX_ASKED_PAUSE_MS = 600_000;
const REQUEST_TIMEOUT = 408;
const TOO_MANY_REQUESTS = 429;
/** A commit whose answer was lost may be there, so it is not sent again: the caller has to look first. */
const COMMIT = /^\/api\/datasets\/[^/]+\/[^/]+\/commit\//;

/** A `fetch` that waits and tries again if the Hub is busy or the connection breaks. It ends with `signal`. */
export function hubFetch({ signal, pauseMs }: HubFetchOptions): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const isCommit = COMMIT.test(url.pathname);
    const once = (): Promise<unknown> => outcomeOf(fetch(input, { ...init, signal: init?.signal ?? signal }));
    for (let tried = 1; ; tried += 1) {
      const answer = await once();
      if (signal.aborted || !mayPass(answer, isCommit)) return settled(answer);
      const waitMs = askedPauseMs(answer) ?? backoffMs(tried, { firstMs: pauseMs, capMs: MAX_PAUSE_MS });
      if (tried === TRIES || waitMs > MAX_ASKED_PAUSE_MS) return settled(given(answer, url));
      await sleep(waitMs, undefined, { signal });
    }
  };
}

/** The answer with its whole body, which is small, or the error. An answer that breaks off is also an error. */
async function outcomeOf(call: Promise<Response>): Promise<unknown> {
  try {
    const answer = await call;
    const bytes = await answer.arrayBuffer();
    // Some statuses allow no body, not even an empty one.
    const whole = new Response(bytes.byteLength === 0 ? null : bytes, answer);
    return Object.defineProperty(whole, 'url', { value: answer.url });
  } catch (error) {
    return error;
  }
}

function settled(answer: unknown): Response {
  if (answer instanceof Response) return answer;
  throw answer;
}

/** A connection that failed each time is reported. A response is for the caller to judge. */
function given(answer: unknown, url: URL): unknown {
  if (answer instanceof Response) return answer;
  return new RetryLater(
    `Cannot reach ${url.origin}: ${networkText(answer)}. What was sent stays there; run the command again to go on.`,
    { code: 'hub-trouble', cause: answer },
  );
}

function mayPass(answer: unknown, isCommit: boolean): boolean {
  if (!(answer instanceof Response)) return isNetwork(answer) && !isCommit;
  const { status } = answer;
  return status === TOO_MANY_REQUESTS || (!isCommit && (status >= 500 || status === REQUEST_TIMEOUT));
}

/** `fetch` throws a TypeError with a cause if the connection fails, and one without if it was called wrongly. */
export function isNetwork(error: unknown): error is TypeError {
  return error instanceof TypeError && error.cause !== undefined;
}

export function networkText(error: unknown): string {
  return isNetwork(error) ? messageOf(error.cause) : messageOf(error);
}

/** `Retry-After`, or else the `t` of `RateLimit: "api";r=0;t=55` (https://huggingface.co/docs/hub/rate-limits), in ms. */
function askedPauseMs(answer: unknown): number | null {
  if (!(answer instanceof Response)) return null;
  const asked = parseRetryAfterMs(answer.headers.get('retry-after') ?? undefined, Date.now());
  if (asked !== null) return asked;
  const [, seconds] = /;\s*r=0;\s*t=(\d+)/.exec(answer.headers.get('ratelimit') ?? '') ?? [];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}
