import { withBasePath } from '../../base-path.ts';
import type { Signal } from '@preact/signals';

const KEPT = 40;
const AGAIN_AFTER_MS = 3_000;

/** Shows the same element that was decoded, so a photo appears with the next frame. */
export class Pictures {
  readonly #images = new Map<string, HTMLImageElement>();
  readonly #failed: Signal<ReadonlySet<string>>;

  /** @param failed gets the pictures that fail to load, until they load after all */
  constructor(failed: Signal<ReadonlySet<string>>) {
    this.#failed = failed;
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

  /** Loads a picture that has failed now. The page also tries again every few seconds. */
  tryAgain(sha256: string): void {
    const image = this.#images.get(sha256);
    if (image !== undefined) image.src = withBasePath(previewOf(sha256));
  }

  prepare(sha256: string): void {
    void this.of(sha256)
      .decode()
      .catch(() => {});
  }

  #note(sha256: string, hasFailed: boolean): void {
    const failed = new Set(this.#failed.peek());
    if (failed.has(sha256) === hasFailed) return;
    if (hasFailed) failed.add(sha256);
    else failed.delete(sha256);
    this.#failed.value = failed;
  }

  #load(sha256: string): HTMLImageElement {
    const image = new Image();
    this.#note(sha256, false);
    let again: ReturnType<typeof setTimeout> | undefined;
    image.addEventListener('error', () => {
      if (image.src.endsWith(previewOf(sha256))) {
        image.src = withBasePath(`/photos/${sha256}`);
        return;
      }
      this.#note(sha256, true);
      clearTimeout(again);
      again = setTimeout(() => (this.#images.get(sha256) === image ? this.tryAgain(sha256) : null), AGAIN_AFTER_MS);
    });
    image.addEventListener('load', () => this.#note(sha256, false));
    image.decoding = 'sync';
    image.src = withBasePath(previewOf(sha256));
    return image;
  }
}

function previewOf(sha256: string): string {
  return `/previews/${sha256}`;
}
