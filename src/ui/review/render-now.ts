import { options } from 'preact';

/**
 * Renders what `change` changes before it returns. Otherwise Preact renders a moment later, and what a fast typist types into a
 * dialog would come to the page.
 */
export function renderNow(change: () => void): void {
  options.debounceRendering = (render) => render();
  change();
  delete options.debounceRendering;
}
