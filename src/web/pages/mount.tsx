import { render, type ComponentType } from 'preact';
import { readTyping } from '../../core/page/command.tsx';
import { addBasePath } from './base-path.ts';

/** Prepares the script of a page. Returns the element that the server has made for it; null on a page of a problem. */
export function pageElement(): HTMLElement | null {
  readTyping(document.documentElement.dataset['typing']);
  addBasePath();
  return document.querySelector<HTMLElement>('#app');
}

/** Shows a page in its element. */
export function mount(Page: ComponentType<{ readonly collection: string }>): void {
  const app = pageElement();
  if (app !== null) render(<Page collection={app.dataset['collection'] ?? ''} />, app);
}
