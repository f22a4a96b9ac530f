const KEPT = 40;
const AGAIN_AFTER_MS = 3_000;

/** Shows the same element that was decoded, so a photo appears with the next frame. */
export class Pictures {
  readonly #images = new Map<string, HTMLImageElement>();
  readonly #failed = new Set<string>();
  readonly #onChange: () => void;

  /** @param onChange called when a picture fails to load, and when it loads after all */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

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

  hasFailed(sha256: string): boolean {
    return this.#failed.has(sha256);
  }

  /** Loads a picture that has failed now. The page also tries again every few seconds. */
  tryAgain(sha256: string): void {
    const image = this.#images.get(sha256);
    if (image !== undefined) image.src = previewOf(sha256);
  }

  prepare(sha256: string): void {
    void this.of(sha256)
      .decode()
      .catch(() => {});
  }

  #load(sha256: string): HTMLImageElement {
    const image = new Image();
    this.#failed.delete(sha256);
    let again: ReturnType<typeof setTimeout> | undefined;
    image.addEventListener('error', () => {
      if (image.src.endsWith(previewOf(sha256))) {
        image.src = `/photos/${sha256}`;
        return;
      }
      this.#failed.add(sha256);
      clearTimeout(again);
      again = setTimeout(() => (this.#images.get(sha256) === image ? this.tryAgain(sha256) : null), AGAIN_AFTER_MS);
      this.#onChange();
    });
    image.addEventListener('load', () => {
      if (this.#failed.delete(sha256)) this.#onChange();
    });
    image.decoding = 'sync';
    image.src = previewOf(sha256);
    return image;
  }
}

function previewOf(sha256: string): string {
  return `/previews/${sha256}`;
}
