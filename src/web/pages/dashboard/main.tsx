import { render } from 'preact';
import { pageElement } from '../mount.tsx';
import { listen, type Live } from './live.ts';
import { listenToOperation } from './operation.tsx';
import type { Overview } from './overview.ts';
import { CollectionPage } from './page.tsx';

const app = pageElement();
if (app?.dataset['operations'] !== undefined) listenToOperation();
if (app !== null) listen<Overview>('api/live', (live) => show(app, live));

/** Until the first reading arrives, the page stays as the server sent it. */
function show(place: HTMLElement, { now, trouble }: Live<Overview>): void {
  const isOperator = place.dataset['role'] === 'operator';
  if (now !== null) render(<CollectionPage {...{ now, trouble, isOperator }} isLive />, place);
  else if (trouble !== null) {
    const status = place.querySelector('header [role=status]');
    if (status === null) render(<main aria-busy="true">{trouble}</main>, place);
    else status.textContent = trouble;
  }
}
