import type { StagePlace } from '../../collection/pause.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { firstUnreviewed } from './idle-previews.repository.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { sleepUnlessAborted } from '../../runtime/open/outage.process.ts';
import { previewOf } from '../../photo/thumbnails.process.ts';

/** Previews are prepared of so many photos that nobody has reviewed, those first that a reviewer gets first: about 200 MB. */
const MOST_PHOTOS = 1_000;
const IDLE_AFTER_MS = 1_000;
const LOOK_EVERY_MS = 30_000;

/** One at a time, and none while a job runs or the filter is paused. A job waits for one preview at most, about 0.1 s. */
export class IdlePreviews {
  readonly #app: App;
  readonly #place: StagePlace;
  readonly #end = new AbortController();
  readonly #signal: AbortSignal;
  #running = 0;
  #idleSinceMs = performance.now();
  /** Photos that were tried. A server makes the previews that failed here, and says what is wrong. */
  #tried: ReadonlySet<Sha256> = new Set();
  #loop: Promise<void> | null = null;

  constructor(app: App, place: StagePlace, signal: AbortSignal) {
    this.#app = app;
    this.#place = place;
    this.#signal = AbortSignal.any([signal, this.#end.signal]);
  }

  start(): void {
    this.#loop ??= this.#watch();
  }

  async during<T>(job: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await job();
    } finally {
      this.#running -= 1;
      this.#idleSinceMs = performance.now();
    }
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#loop;
  }

  get #isIdle(): boolean {
    const { pauses } = this.#app;
    return (
      !this.#signal.aborted &&
      this.#running === 0 &&
      performance.now() - this.#idleSinceMs >= IDLE_AFTER_MS &&
      !pauses.isPaused(this.#place)
    );
  }

  async #watch(): Promise<void> {
    while (!this.#signal.aborted) {
      await sleepUnlessAborted(IDLE_AFTER_MS, this.#signal);
      if (!this.#isIdle) continue;
      // The stage itself notices a database that is away.
      const isDone = await this.#prepare().catch(() => true);
      if (isDone) await sleepUnlessAborted(LOOK_EVERY_MS, this.#signal);
    }
  }

  /** Returns false if a job ended it. */
  async #prepare(): Promise<boolean> {
    const { db, log } = this.#app;
    const photos = await firstUnreviewed(db, this.#place.collectionId, MOST_PHOTOS);
    const tried = new Set(photos.filter((sha256) => this.#tried.has(sha256)));
    this.#tried = tried;
    for (const sha256 of photos) {
      if (tried.has(sha256)) continue;
      if (!this.#isIdle) return false;
      tried.add(sha256);
      await previewOf(this.#app, sha256, this.#signal).catch((error: unknown) =>
        log.debug({ sha256, reason: messageOf(error) }, 'a preview could not be prepared'),
      );
    }
    return true;
  }
}
