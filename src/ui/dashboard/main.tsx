import { render } from 'preact';
import { Page } from './page.tsx';

const app = document.querySelector<HTMLElement>('#app');
if (app !== null) render(<Page isOperator={app.dataset['role'] === 'operator'} />, app);
