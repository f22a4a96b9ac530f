import { render } from 'preact';
import { CollectionPage } from './page.tsx';

const app = document.querySelector<HTMLElement>('#app');
if (app !== null) render(<CollectionPage isOperator={app.dataset['role'] === 'operator'} />, app);
