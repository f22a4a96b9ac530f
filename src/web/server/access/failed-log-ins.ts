import { recordActivity } from '../../../core/runtime/activity/activity.repository.ts';
import type { App } from '../../../core/runtime/open/app.process.ts';
import { messageOf } from '../../../core/kernel/errors.ts';

const WINDOW_MS = 60_000;
/** Addresses that are named in one minute. Further ones are counted together. */
const MOST_ADDRESSES = 20;

export type LogInWay = 'form' | 'Authorization';

/** Bounds the lines of the activity log: the first failure of an address in a minute, then one count at its end. */
export class FailedLogIns {
  readonly #app: Pick<App, 'db' | 'log'>;
  readonly #timer: NodeJS.Timeout;
  #further = new Map<string, number>();
  #others = 0;

  constructor(app: Pick<App, 'db' | 'log'>) {
    this.#app = app;
    this.#timer = setInterval(() => void this.#endWindow(), WINDOW_MS).unref();
  }

  async note(place: string, shownBy: LogInWay): Promise<void> {
    const further = this.#further.get(place);
    if (further === undefined && this.#further.size >= MOST_ADDRESSES) {
      this.#others += 1;
      return;
    }
    this.#further.set(place, (further ?? -1) + 1);
    if (further === undefined) await this.#record(place, { tries: 1, shownBy });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#endWindow();
  }

  async #endWindow(): Promise<void> {
    const [further, others] = [this.#further, this.#others];
    this.#further = new Map();
    this.#others = 0;
    for (const [place, tries] of further) if (tries > 0) await this.#record(place, { tries });
    if (others > 0) await this.#record('other addresses', { tries: others });
  }

  /** A log-in that fails gets its answer, also if it cannot be recorded. */
  async #record(place: string, detail: { readonly tries: number; readonly shownBy?: LogInWay }): Promise<void> {
    try {
      await recordActivity(this.#app.db, { who: 'nobody', place, action: 'log-in-failed', detail });
    } catch (error) {
      this.#app.log.warn({ place, ...detail, reason: messageOf(error) }, 'a failed log-in could not be recorded');
    }
  }
}
