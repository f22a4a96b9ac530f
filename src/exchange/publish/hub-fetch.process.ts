import { setTimeout as sleep } from 'node:timers/promises';
import { HubApiError, InvalidApiResponseFormatError } from '@huggingface/hub';
import { backoffMs } from '../../core/kernel/backoff.ts';
import { messageOf, RetryLater, StopTheRun, WinnowError } from '../../core/kernel/errors.ts';
import { parseRetryAfterMs } from '../../core/kernel/retry-after.ts';
import { PUBLISH_CUT } from '../../core/kernel/publish.ts';

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
function isNetwork(error: unknown): error is TypeError {
  return error instanceof TypeError && error.cause !== undefined;
}

function networkText(error: unknown): string {
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

/** Named in the messages, except for the token, which is removed from them. */
export interface HubPlace {
  readonly hubUrl: string;
  /** `OWNER/NAME` */
  readonly name: string;
  readonly token: string;
}

const ADVICE: Readonly<Record<number, { readonly code: string; readonly text: (place: HubPlace) => string }>> = {
  401: {
    code: 'hub-token',
    text: ({ hubUrl }) =>
      `The Hub does not know the token in HF_TOKEN. Make one that may write at ${hubUrl}/settings/tokens, and set HF_TOKEN to it.`,
  },
  403: {
    code: 'hub-denied',
    text: ({ name }) =>
      `The token in HF_TOKEN may not write to ${name}. Give it write access to that repository, or give --to a repository of its owner.`,
  },
  404: {
    code: 'hub-missing',
    text: ({ name }) => `The Hub has no dataset ${name} that the token in HF_TOKEN may see.`,
  },
};

const MAX_CHARS = 300;

/** Names neither the token nor the signed address of an upload, which allows anyone to write there. */
export function hubFailure(error: unknown, place: HubPlace): unknown {
  if (error instanceof WinnowError) return error;
  if (error instanceof HubApiError) return answerOf(error, place);
  if (error instanceof SyntaxError || error instanceof InvalidApiResponseFormatError)
    return new StopTheRun(
      `${place.hubUrl} does not answer as a Hub does. Is HF_ENDPOINT right, and no login page between?`,
      { code: 'hub-answer', cause: error },
    );
  if (!isNetwork(error)) return error;
  return new RetryLater(
    `The connection to ${place.hubUrl} broke: ${shown(networkText(error), place)}. What was sent stays there; run the command again to go on.`,
    { code: PUBLISH_CUT },
  );
}

function answerOf({ statusCode: status, data, url }: HubApiError, place: HubPlace): Error {
  // The storage of LFS files is another service, which knows no tokens.
  const advice = url.startsWith(`${place.hubUrl}/`) ? ADVICE[status] : undefined;
  if (advice !== undefined) return new StopTheRun(`${advice.text(place)} (HTTP ${status})`, { code: advice.code });
  const said = `${place.hubUrl} answered HTTP ${status}: ${shown(textOf(data), place)}`;
  if (status === 429)
    return new RetryLater(`${said}. It asks for a pause: run the command again later to go on.`, { code: 'hub-busy' });
  if (status >= 500 || status === 408)
    return new RetryLater(`${said}. What was sent stays there; run the command again to go on.`, { code: PUBLISH_CUT });
  return new StopTheRun(`${said}. The Hub refuses this; what was sent before stays there.`, { code: 'hub-refused' });
}

function textOf(data: HubApiError['data']): string {
  return messageOf(data?.['error'] ?? data?.['message'] ?? 'no reason given');
}

function shown(text: string, { token }: HubPlace): string {
  return text.replaceAll(token, '***').replaceAll(/\s+/g, ' ').trim().slice(0, MAX_CHARS);
}
