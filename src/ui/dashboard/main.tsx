import { render } from 'preact';
import { Page } from './page.tsx';

const app = document.querySelector('#app');
if (app !== null) render(<Page />, app);
