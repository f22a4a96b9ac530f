import { steadyClock } from '../../kernel/clock.ts';
import { messageOf, type RetryLater, type SourceBlocked } from '../../kernel/errors.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { Patience, type SourceStop } from '../sources/patience.ts';
import { SITE_WANTS_PAUSE } from '../network/source-api.process.ts';
import { apiKeyOf } from '../sources/permit-keys.ts';
import { holdKey, tripCircuit } from '../sources/permit-pause.repository.ts';
import { storeStop } from '../sources/source-stop.repository.ts';
import type { ReadySource } from '../sources/network-source.ts';

export interface SourceStateOptions {
  readonly ready: ReadySource;
  readonly collectionId: number;
  /** Receives the reason why the source waits, or null once it continues. */
  readonly onWait: (why: string | null) => void;
  /** Called if the source is given up. Its discovery then ends. Other sources continue. */
  readonly onStopped: (stop: SourceStop) => void;
  /** True in a long-running worker, which never gives a source up. */
  readonly stays?: boolean;
}

/** Notes how a source answers, and decides when it pauses or is given up. Reports why the source waits. */
export class SourceState {
  readonly #app: Pick<App, 'db' | 'config'>;
  readonly #options: SourceStateOptions;
  readonly #patience: Patience;
  #restsUntilMs = 0;
  #trouble: string | null = null;

  constructor(app: Pick<App, 'db' | 'config'>, options: SourceStateOptions) {
    this.#app = app;
    this.#options = options;
    this.#patience = new Patience(options.stays === true ? null : app.config.crawl.giveUpAfterMs);
  }

  /** When the pause of a source that refuses requests is over. Null if it may be asked. */
  restsUntil(): Date | null {
    return this.#restsUntilMs > steadyClock.nowMs() ? new Date(this.#restsUntilMs) : null;
  }

  answered(): void {
    this.#patience.answered();
    this.#trouble = null;
    this.#options.onWait(null);
  }

  /** A permit is due later. While requests fail, that is the reason to show. */
  waits(why: string): void {
    this.#options.onWait(this.#trouble ?? why);
  }

  async failed({ message, code, retryAfterMs }: RetryLater): Promise<void> {
    const nowMs = steadyClock.nowMs();
    const error = this.#withHost(message);
    // Other queries and processes wait, too, also if the wish stands in an answer of HTTP 200.
    if (retryAfterMs !== null && code !== SITE_WANTS_PAUSE)
      await holdKey(this.#app.db, apiKeyOf(this.#name), { forMs: retryAfterMs, why: error });
    const isTooLong = this.#patience.isTooLong(retryAfterMs);
    if (this.#patience.failed(nowMs) || isTooLong) {
      const until = retryAfterMs === null ? null : new Date(Date.now() + retryAfterMs);
      await this.#stop({ reason: isTooLong ? 'retry-after' : 'gave-up', error, until });
      return;
    }
    if (retryAfterMs !== null) this.#restsUntilMs = nowMs + retryAfterMs;
    const { endMs } = this.#patience;
    const end = endMs === null ? '' : `. It is given up at ${new Date(endMs).toISOString()} (crawl.giveUpAfterMs)`;
    this.#trouble = `${this.#name}: ${error}${end}`;
    this.#options.onWait(this.#trouble);
  }

  /** Pauses a source that refuses requests, or gives it up if the pause is too long. */
  async refused(refusal: SourceBlocked): Promise<void> {
    const { db } = this.#app;
    const why = messageOf(refusal);
    const { apiKey = null } = this.#options.ready.source;
    const waitMs =
      refusal.waitMs ?? (await tripCircuit(db, apiKeyOf(this.#name), { why, apiKey })).untilMs - Date.now();
    const error = this.#withHost(why);
    const until = new Date(Date.now() + waitMs);
    if (this.#patience.isTooLong(waitMs)) return this.#stop({ reason: 'refused', error, until });
    this.#restsUntilMs = steadyClock.nowMs() + waitMs;
    this.#options.onWait(`${this.#name}: ${error}. It is asked again at ${until.toISOString()}`);
  }

  async #stop(why: Omit<SourceStop, 'host'>): Promise<void> {
    const stop = { ...why, host: this.#host };
    await storeStop(this.#app.db, this.#options.collectionId, { ...stop, source: this.#name });
    this.#options.onStopped(stop);
  }

  #withHost(text: string): string {
    return text.includes(this.#host) ? text : `${text} (${this.#host})`;
  }

  get #host(): string {
    return this.#options.ready.endpoints[0].replace(/:(?:80|443)$/, '');
  }

  get #name(): string {
    return this.#options.ready.source.name;
  }
}
