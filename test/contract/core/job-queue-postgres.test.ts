import { createDatabase, dropDatabase } from '../../support/database.ts';
import { describeJobQueues, type QueueBackend } from './support/job-queue-battery.ts';

function postgres(): QueueBackend {
  let url = '';
  return {
    name: process.env['WINNOW_TEST_DATABASE_URL'] === undefined ? 'embedded PostgreSQL' : 'external PostgreSQL',
    async start() {
      url = await createDatabase('template');
      return null;
    },
    place: () => ({ backend: 'postgres', url }),
    stop: () => dropDatabase(url),
  };
}

describeJobQueues(postgres());
