import { render } from 'preact';
import { pageElement } from '../mount.tsx';
import type { QueuesOverview } from '../../status/queues.ts';
import { listen } from '../dashboard/live.ts';
import type { Json } from '../dashboard/overview.ts';
import { QueuesPage } from './page.tsx';

const app = pageElement();
if (app !== null) {
  const isOperator = app.dataset['role'] === 'operator';
  listen<Json<QueuesOverview>>('/api/queues/live', (live) =>
    render(<QueuesPage {...live} isOperator={isOperator} />, app),
  );
}
