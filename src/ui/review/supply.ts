import type { LeaseAnswer, ReviewOrder, ReviewPhoto } from '../../review/desk.ts';
import type { Subject } from '../../review/event.ts';
import { ApiError } from './api.ts';
import type { ReviewSession } from './session.ts';
import { subjectKey } from './shelf.ts';
import type { ReviewView } from './view-url.ts';

/** Photos that a tab holds, and the number of open ones ahead below which it asks for more. */
const HOLD = 16;
const REFILL_AT = 8;
const MOST_HELD = 100;
/** The photos that a tab holds are asked for again this often while it is looked at, so that its lease goes on. */
export const RENEW_MS = 120_000;
/** After the server had none, it is asked again this often: photos come back that others held. */
const NONE_AGAIN_MS = 5_000;
const FAILED_AGAIN_MS = 2_000;

interface Need {
  /** Open photos of the queue, in their order. */
  readonly open: readonly Subject[];
  /** How many of them come from the shown one on. */
  readonly ahead: number;
  /** The class that is shown. */
  readonly from: string | undefined;
}

/** Leases photos for this tab in the background. */
export class Supply {
  readonly #session: ReviewSession;
  readonly #view: ReviewView;
  readonly #order: ReviewOrder;
  readonly #onPhotos: (photos: readonly ReviewPhoto[]) => void;
  #isAsking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #leased = 0;
  #askedAtMs = -Infinity;
  /** The last answer had no photo. Its number of open photos says whether others hold some. */
  noneLeft: { readonly open: number } | null = null;
  /** Why photos cannot be leased now. */
  problem: string | null = null;

  constructor(
    session: ReviewSession,
    options: { view: ReviewView; order: ReviewOrder; onPhotos: (photos: readonly ReviewPhoto[]) => void },
  ) {
    this.#session = session;
    this.#view = options.view;
    this.#order = options.order;
    this.#onPhotos = options.onPhotos;
    // Photos that a closed tab held would be kept from others until their lease ends.
    addEventListener('pagehide', this.#giveBack);
  }

  /** Asks for photos if few are left. `need` is called when a request is made. */
  refill(need: () => Need): void {
    const { client } = this.#session;
    const { balanced } = this.#view;
    const { open, ahead, from } = need();
    const isDue = document.visibilityState === 'visible' && performance.now() - this.#askedAtMs >= RENEW_MS;
    if (client === null || this.#isAsking || this.#timer !== undefined || (ahead >= REFILL_AT && !isDue)) return;
    // What the server has not seen as decided must not come again.
    const sending = this.#session.shelf.at(this.#session.aheadKeys());
    const held = [...new Map([...open, ...sending].map((one) => [subjectKey(one), one])).values()].map(
      ({ sha256, wnid }) => ({ sha256, wnid }),
    );
    const room = Math.min(HOLD - ahead, MOST_HELD - held.length, (balanced ?? Infinity) - this.#leased);
    if (room <= 0 && !isDue) return;
    const wanted = Math.max(0, room);
    this.#isAsking = true;
    this.#askedAtMs = performance.now();
    const request = {
      client,
      order: this.#order,
      filter: this.#view.filter,
      from,
      isBalanced: balanced === undefined ? undefined : true,
      count: held.length + wanted,
      held,
    };
    void this.#session.api.lease(request).then(
      (answer) => (wanted > 0 ? this.#take(answer, need) : this.#endAsking()),
      (error: unknown) => this.#fail(error, need),
    );
  }

  /** Asks no more: another view has taken the place of this one. */
  stop(): void {
    removeEventListener('pagehide', this.#giveBack);
    clearTimeout(this.#timer);
    this.#isAsking = true;
  }

  #giveBack = (): void => {
    const { client } = this.#session;
    if (client === null) return;
    const nothing = { client, order: this.#order, filter: this.#view.filter, count: 0, held: [] };
    void this.#session.api.lease(nothing).catch(() => undefined);
    // A browser that brings the page back from its cache shows photos that others may have by then.
    addEventListener('pageshow', ({ persisted }) => persisted && location.reload(), { once: true });
  };

  #endAsking(): void {
    this.#isAsking = false;
    this.problem = null;
  }

  #take({ photos, open }: LeaseAnswer, need: () => Need): void {
    this.#endAsking();
    this.#leased += photos.length;
    this.noneLeft = photos.length === 0 ? { open } : null;
    this.#onPhotos(photos);
    if (photos.length === 0) this.#again(NONE_AGAIN_MS, need);
    else this.refill(need);
  }

  #fail(error: unknown, need: () => Need): void {
    this.#isAsking = false;
    this.problem = error instanceof Error ? error.message : String(error);
    this.#onPhotos([]);
    if (!(error instanceof ApiError) || error.isPassing) this.#again(FAILED_AGAIN_MS, need);
  }

  #again(afterMs: number, need: () => Need): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.refill(need);
    }, afterMs);
  }
}
