import type { ReviewFilter } from '../../review/desk.ts';
import type { PhotoFacets } from '../../review/facets.ts';
import type { ReviewSession } from './session.ts';
import { searchOf } from './view-url.ts';

/** A reviewer who decides quickly does not make the server count after each decision. */
const WAIT_MS = 400;

/** The counts of other filters. They are read again after this page's decisions have reached the server. */
export class Facets {
  /** Null until they are read for the first time. */
  now: PhotoFacets | null = null;
  readonly #session: ReviewSession;
  /** What the counts were read for. */
  #known = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(session: ReviewSession) {
    this.#session = session;
  }

  /** Reads the counts unless they are known. */
  follow(filter: ReviewFilter): void {
    const { history, outbox } = this.#session;
    if (outbox.waiting > 0) return;
    const wanted = `${searchOf({ filter })} ${history.done.length} ${history.undone.length}`;
    if (wanted === this.#known) return;
    const isFirst = this.#known === '';
    this.#known = wanted;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(filter, wanted), isFirst ? 0 : WAIT_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** If the counts cannot be read, the old ones stay: the tiles say what is wrong. */
  async #read(filter: ReviewFilter, wanted: string): Promise<void> {
    const facets = await this.#session.api.facets(filter).catch(() => null);
    if (facets === null || wanted !== this.#known) return;
    this.now = facets;
    this.#session.changed();
  }
}
