import type { LeaseAnswer, LeaseRequest, ReviewOrder } from '../../review/desk/desk.ts';
import type { Subject } from '../../review/events/event.ts';
import { ApiError, messageOf } from './api.ts';
import type { ReviewSession } from './session.ts';
import { subjectKey } from './shelf.ts';
import type { ReviewView } from './view-url.ts';

/** A tab leases up to HOLD photos. It asks for more when fewer than REFILL_AT open ones are ahead. */
const HOLD = 16;
const REFILL_AT = 8;
const MOST_HELD = 100;
const RENEW_MS = 120_000;
const NONE_AGAIN_MS = 5_000;
const AGAIN_AT_MOST_MS = 60_000;
const FAILED_AGAIN_MS = 2_000;

/** The interval at which a visible page renews leases of `leaseMs`, in milliseconds. */
export function renewMsOf(leaseMs: number): number {
  return Math.min(RENEW_MS, leaseMs / 3);
}

/**
 * The delay before the next request, in milliseconds. Photos leased by others may become free.
 *
 * @param nones answers without a photo in a row, from 1
 */
export function waitMsAfter(nones: number): number {
  return Math.min(AGAIN_AT_MOST_MS, NONE_AGAIN_MS * 2 ** (nones - 1));
}

interface Need {
  /** Open photos of the queue, in queue order. */
  readonly open: readonly Subject[];
  /** Number of open photos from the shown one on. */
  readonly ahead: number;
  /** The class of the last shown photo. */
  readonly from: string | undefined;
}

export interface SupplyOptions {
  readonly view: ReviewView;
  readonly order: ReviewOrder;
  /** Called before a request may be made. */
  readonly need: () => Need;
  /** Called after each answer, with null if the request failed; calls `refill`. `lost` are photos now leased by others. */
  readonly onAnswer: (answer: Pick<LeaseAnswer, 'photos' | 'lost'> | null) => void;
}

/** Leases photos for this tab in the background, as long as the tab is visible. */
export class Supply {
  readonly #session: ReviewSession;
  readonly #options: SupplyOptions;
  readonly #renewMs: number;
  readonly #renewal: ReturnType<typeof setInterval>;
  #isAsking = false;
  #isStopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #leased = 0;
  /** Answers without a photo since the last one with photos. */
  #nones = 0;
  #askedAtMs = -Infinity;
  /** The last answer had no photo. Its number of open photos says whether others hold some. */
  noneLeft: { readonly open: number } | null = null;
  /** Why photos cannot be leased now. */
  problem: string | null = null;

  constructor(session: ReviewSession, options: SupplyOptions) {
    this.#session = session;
    this.#options = options;
    this.#renewMs = renewMsOf(session.setup.leaseMs);
    this.#renewal = setInterval(() => this.refill(), this.#renewMs);
    document.addEventListener('visibilitychange', this.renew);
    // Otherwise a closed tab's photos stay leased until their lease ends.
    addEventListener('pagehide', this.#giveBack);
  }

  /** True if the view has had the number of photos that it asks for. */
  get isComplete(): boolean {
    return this.#left <= 0;
  }

  /** Number of photos that the view still asks for. */
  get #left(): number {
    return (this.#options.view.balanced ?? Infinity) - this.#leased;
  }

  /** Asks for photos if few are left, or if the leases must be renewed. */
  refill(): void {
    const { client } = this.#session;
    if (client === null || this.#isAsking || this.#isStopped || document.visibilityState !== 'visible') return;
    const { open, ahead, from } = this.#options.need();
    const isDue = open.length > 0 && performance.now() - this.#askedAtMs >= this.#renewMs;
    const mayTake = this.#timer === undefined && ahead < REFILL_AT;
    if (!isDue && !mayTake) return;
    // Photos with unsent decisions count as held, so that the server does not send them again.
    const sending = this.#session.shelf.at(this.#session.aheadKeys());
    const held = [...new Map([...open, ...sending].map((one) => [subjectKey(one), one])).values()].map(
      ({ sha256, wnid }) => ({ sha256, wnid }),
    );
    const room = Math.min(HOLD - ahead, MOST_HELD - held.length, this.#left);
    const wanted = mayTake ? Math.max(0, room) : 0;
    if (wanted > 0 || isDue) this.#ask({ client, from, held }, wanted);
  }

  /** Stops all requests. Call it when another view replaces this one. */
  stop(): void {
    this.#isStopped = true;
    removeEventListener('pagehide', this.#giveBack);
    document.removeEventListener('visibilitychange', this.renew);
    clearInterval(this.#renewal);
    clearTimeout(this.#timer);
  }

  #ask(by: Pick<LeaseRequest, 'client' | 'from' | 'held'>, wanted: number): void {
    const { view, order } = this.#options;
    this.#isAsking = true;
    this.#askedAtMs = performance.now();
    const isBalanced = view.balanced === undefined ? undefined : true;
    const request = { ...by, order, filter: view.filter, isBalanced, count: by.held.length + wanted };
    void this.#session.api.lease(request).then(
      (answer) => this.#take(answer, wanted),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Renews the leases now: after a wait, and when the page becomes visible or shows another photo. */
  renew = (): void => {
    this.#askedAtMs = -Infinity;
    this.#endWait();
    this.refill();
  };

  #giveBack = (): void => {
    const { client } = this.#session;
    if (client === null) return;
    const { view, order } = this.#options;
    void this.#session.api.lease({ client, order, filter: view.filter, count: 0, held: [] }).catch(() => undefined);
    // A page restored from the browser's cache may show photos that others have leased since.
    addEventListener('pageshow', ({ persisted }) => persisted && location.reload(), { once: true });
  };

  #take(answer: LeaseAnswer, wanted: number): void {
    if (this.#isStopped) return;
    this.#isAsking = false;
    this.problem = null;
    const { photos, open } = answer;
    this.#leased += photos.length;
    if (wanted > 0) {
      this.#nones = photos.length === 0 ? this.#nones + 1 : 0;
      this.noneLeft = photos.length === 0 ? { open } : null;
      if (photos.length === 0) this.#waitFor(waitMsAfter(this.#nones));
      else this.#endWait();
    }
    this.#options.onAnswer(answer);
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return;
    this.#isAsking = false;
    this.problem = messageOf(error);
    const isPassing = !(error instanceof ApiError) || error.isPassing;
    this.#waitFor(isPassing ? FAILED_AGAIN_MS : AGAIN_AT_MOST_MS);
    this.#options.onAnswer(null);
  }

  #waitFor(ms: number): void {
    this.#endWait();
    this.#timer = setTimeout(this.renew, ms);
  }

  #endWait(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
