import { render, type ComponentType } from 'preact';
import { readTyping } from '../../core/page/command.tsx';

/** Shows a page in the element that the server has made for it. */
export function mount(Page: ComponentType<{ readonly collection: string }>): void {
  readTyping(document.documentElement.dataset['typing']);
  const app = document.querySelector<HTMLElement>('#app');
  if (app !== null) render(<Page collection={app.dataset['collection'] ?? ''} />, app);
}
