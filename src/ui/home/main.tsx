import { render } from 'preact';
import { Home } from './home.tsx';

const app = document.querySelector<HTMLElement>('#app');
if (app !== null) render(<Home />, app);
