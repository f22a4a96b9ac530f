const KEPT = 40;
const AGAIN_AFTER_MS = 3_000;

/** Shows the same element that was decoded, so a photo appears with the next frame. */
export class Pictures {
  readonly #images = new Map<string, HTMLImageElement>();

  of(sha256: string): HTMLImageElement {
    const known = this.#images.get(sha256);
    const image = known ?? this.#load(sha256);
    // The pictures that were asked for last stand last.
    this.#images.delete(sha256);
    this.#images.set(sha256, image);
    for (const old of this.#images.keys()) {
      if (this.#images.size <= KEPT) break;
      this.#images.delete(old);
    }
    return image;
  }

  prepare(sha256: string): void {
    void this.of(sha256)
      .decode()
      .catch(() => {});
  }

  #load(sha256: string): HTMLImageElement {
    const image = new Image();
    const places = [`/previews/${sha256}`, `/photos/${sha256}`];
    let tries = 0;
    const next = (): void => {
      image.src = places[tries % places.length] ?? '';
      tries += 1;
    };
    image.addEventListener('error', () => {
      if (tries % places.length !== 0) next();
      else setTimeout(() => (this.#images.get(sha256) === image ? next() : null), AGAIN_AFTER_MS);
    });
    image.decoding = 'sync';
    next();
    return image;
  }
}
