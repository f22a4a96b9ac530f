/** How many live streams one server sends, and how many of them one person or address may hold. */
const MOST = 200;
const MOST_OF_ONE = 20;

/** A place for a stream until it is released, or who holds too many: the holder, or all together. */
export type LivePlace = { readonly release: () => void } | { readonly full: 'one' | 'all' };

/** Bounds the live streams of a server, so that one person cannot hold all of them. */
export class LivePlaces {
  readonly #held = new Map<string, number>();
  #all = 0;

  take(holder: string): LivePlace {
    const held = this.#held.get(holder) ?? 0;
    if (held >= MOST_OF_ONE) return { full: 'one' };
    if (this.#all >= MOST) return { full: 'all' };
    this.#add(holder, 1);
    return { release: () => this.#add(holder, -1) };
  }

  #add(holder: string, count: number): void {
    this.#all += count;
    const held = (this.#held.get(holder) ?? 0) + count;
    if (held === 0) this.#held.delete(holder);
    else this.#held.set(holder, held);
  }
}
