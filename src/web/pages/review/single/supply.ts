import { signal } from '@preact/signals';
import type { HeldPhotos, LeaseAnswer, LeaseRequest, ReviewOrder } from '../../../../core/review/desk/desk.ts';
import type { Subject } from '../../../../core/review/events/event.ts';
import { subjectsOf } from '../store/history.ts';
import { ApiError, errorText } from '../store/api.ts';
import type { ReviewStore } from '../store/review-store.ts';
import type { ReviewView } from '../view-url.ts';

/** A tab leases up to HOLD photos. It asks for more when fewer than REFILL_AT open ones are ahead. */
const HOLD = 16;
const REFILL_AT = 8;
const MOST_HELD = 100;
/** A visible page renews its leases at this interval, or three times in a shorter lease. */
const RENEW_MS = 120_000;
/** Delay after an answer without a photo. It doubles up to a minute: photos leased by others may become free. */
const NONE_AGAIN_MS = 5_000;
const AGAIN_AT_MOST_MS = 60_000;
const FAILED_AGAIN_MS = 2_000;

interface Need {
  readonly open: readonly Subject[];
  readonly ahead: number;
  readonly from: string | undefined;
}

interface SupplyOptions {
  readonly view: ReviewView;
  readonly order: ReviewOrder;
  readonly need: () => Need;
  /** Called after each answer, with null if the request failed; calls `refill`. */
  readonly onAnswer: (answer: LeaseAnswer | null) => void;
}

/** Leases photos for this tab in the background, as long as the tab is visible. */
export class Supply {
  readonly #store: ReviewStore;
  readonly #options: SupplyOptions;
  readonly #renewMs: number;
  readonly #renewal: ReturnType<typeof setInterval>;
  readonly #stopped = new AbortController();
  readonly #left = signal(Infinity);
  #isAsking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Delay after the last answer, which had no photo; 0 if it had one. */
  #noneMs = 0;
  #askedAtMs = -Infinity;
  /** Whose leases the next request ends. */
  #ends: LeaseRequest['take'];
  /** Who has the last open photos; null while that is not known, because no answer was without a photo. */
  readonly heldByOthers = signal<readonly HeldPhotos[] | null>(null);
  problem: string | null = null;

  constructor(store: ReviewStore, options: SupplyOptions) {
    this.#store = store;
    this.#options = options;
    this.#left.value = options.view.balanced ?? Infinity;
    this.#renewMs = Math.min(RENEW_MS, store.setup.leaseMs / 3);
    this.#renewal = setInterval(() => this.refill(), this.#renewMs);
    const untilStop = { signal: this.#stopped.signal };
    document.addEventListener('visibilitychange', this.renew, untilStop);
    // Otherwise a closed tab's photos stay leased until their lease ends.
    addEventListener('pagehide', this.#giveBack, untilStop);
  }

  /** True if the view has had the number of photos that it asks for. Others may still be open. */
  get isComplete(): boolean {
    return this.#left.value <= 0;
  }

  refill(): void {
    if (!this.#mayAsk()) return;
    const { open, ahead, from } = this.#options.need();
    const isDue = open.length > 0 && performance.now() - this.#askedAtMs >= this.#renewMs;
    const mayTake = this.#timer === undefined && ahead < REFILL_AT;
    if (!isDue && !mayTake) return;
    // Photos with unsent decisions count as held, so that the server does not send them again.
    const held = subjectsOf([...open, ...this.#store.aheadSubjects()]);
    const room = Math.min(HOLD - ahead, MOST_HELD - held.length, this.#left.value);
    const wanted = mayTake ? Math.max(0, room) : 0;
    if (wanted > 0 || isDue) void this.#ask(wanted, { from, held });
  }

  #mayAsk(): boolean {
    const { outbox, isLeaving } = this.#store;
    const isOver = this.#stopped.signal.aborted || isLeaving || outbox === null;
    return !this.#isAsking && !isOver && document.visibilityState === 'visible';
  }

  /** Renews the leases now: after a wait, and when the page becomes visible or shows another photo. */
  renew = (): void => {
    this.#askedAtMs = -Infinity;
    this.#endWait();
    this.refill();
  };

  /** Takes the photos of this reviewer's other pages, or of silent pages of others. */
  take(from: 'own' | 'silent'): void {
    this.#ends = from;
    this.renew();
  }

  stop(): void {
    this.#stopped.abort();
    clearInterval(this.#renewal);
    clearTimeout(this.#timer);
  }

  async #ask(wanted: number, by: Pick<LeaseRequest, 'from' | 'held'>): Promise<void> {
    const isBalanced = this.#options.view.balanced === undefined ? undefined : true;
    this.#isAsking = true;
    this.#askedAtMs = performance.now();
    // A tab may have crashed while this one waits for its photos.
    if (this.#noneMs > 0) await this.#store.endGoneTabs().catch(() => undefined);
    const take = this.#ends;
    this.#ends = undefined;
    const answer = await this.#lease({ ...by, isBalanced, take, count: by.held.length + wanted }).catch(
      (error: unknown) => {
        this.problem = errorText(error);
        const isPassing = !(error instanceof ApiError) || error.isPassing;
        this.#waitFor(isPassing ? FAILED_AGAIN_MS : AGAIN_AT_MOST_MS);
        return null;
      },
    );
    this.#isAsking = false;
    if (this.#stopped.signal.aborted) return this.#endWait();
    if (answer !== null) this.#take(answer, wanted);
    this.#options.onAnswer(answer);
  }

  #take({ photos, heldByOthers }: LeaseAnswer, wanted: number): void {
    this.problem = null;
    this.#left.value -= photos.length;
    if (wanted === 0) return;
    const isNone = photos.length === 0;
    this.heldByOthers.value = isNone ? heldByOthers : null;
    this.#noneMs = isNone ? Math.min(AGAIN_AT_MOST_MS, 2 * this.#noneMs || NONE_AGAIN_MS) : 0;
    this.#endWait();
    if (isNone) this.#waitFor(this.#noneMs);
  }

  #lease(request: Omit<LeaseRequest, 'client' | 'order' | 'filter' | 'reviewer'>): Promise<LeaseAnswer> {
    const { view, order } = this.#options;
    const client = this.#store.outbox?.client ?? '';
    return this.#store.api.lease({ ...request, client, order, filter: view.filter });
  }

  #giveBack = (): void => {
    if (this.#store.outbox === null) return;
    void this.#lease({ count: 0, held: [] }).catch(() => undefined);
    // A page restored from the browser's cache may show photos that others have leased since.
    addEventListener('pageshow', ({ persisted }) => persisted && location.reload(), { once: true });
  };

  #waitFor(ms: number): void {
    this.#endWait();
    this.#timer = setTimeout(this.renew, ms);
  }

  #endWait(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
