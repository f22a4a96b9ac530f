import { sql } from 'kysely';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { storeLimitOfCrawl } from '../../../../src/core/collection/collection.repository.ts';
import { usableCollection } from '../../../../src/core/collection/collection.process.ts';
import { storeCandidates } from '../../../../src/core/crawl/candidates/candidate.repository.ts';
import { loadConfig } from '../../../../src/core/config/load-config.ts';
import { openWorkspace, type Workspace } from '../../../../src/core/models/workspace/workspace.process.ts';
import { openLogger } from '../../../../src/core/platform/log/logger.ts';
import { openApp, type App } from '../../../../src/core/runtime/open/app.process.ts';
import { Metrics } from '../../../../src/web/server/metrics.ts';
import { readMeasures } from '../../../../src/web/status/overview.process.ts';
import { processesText } from '../../../../src/core/kernel/processes.ts';
import { readStatus } from '../../../../src/core/status/status.process.ts';
import { candidate, photo, storePhoto } from '../../../support/catalogue-fixtures.ts';
import { useDatabase } from '../../../support/database.ts';
import { suiteFolder } from '../../../support/process-tree.ts';

const database = useDatabase();
const folder = suiteFolder();
const [TENCH, GOLDFISH] = ['n01440764', 'n01443537'];
let app: App;
let workspace: Workspace;

beforeAll(async () => {
  const { config } = await loadConfig({ env: { WINNOW_POSTGRES_URL: database.url } });
  const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);
  app = await openApp({ config, dataDir: folder.at(), clientName: 'status', log });
  workspace = await openWorkspace(app, (await usableCollection('demo')).collection);
  const { collectionId } = workspace.scope;
  for (const wnid of [TENCH, GOLDFISH])
    await sql`insert into query (source, wnid, kind, key, title, params, state, cursor, collections) values
      ('flickr', ${wnid}, 'plan', '', '', '{}', 'done', '["a", "b"]', array[${collectionId}::int]),
      ('flickr', ${wnid}, 'search', 'a', 'a', '{}', 'open', null, '{}'),
      ('flickr', ${wnid}, 'search', 'b', 'b', '{}', 'open', null, '{}')`.execute(app.db);
  const page = ['1', '2'].map((id) => candidate(id, { source: 'flickr', wnid: TENCH }));
  const { waiting } = await app.db
    .transaction()
    .execute((trx) => storeCandidates(trx, page, { collectionId, retryFailed: true, admitAtMost: null }));
  for (const id of waiting) await storePhoto(app.db, id, photo(`photo ${id}`));
});
afterAll(() => app?.close());

/** The same number as status, the page and the metrics have it. */
async function countsOf(limitPerClass: number | null): Promise<(number | string | undefined)[]> {
  const config = { ...app.config, crawl: { ...app.config.crawl, limitPerClass } };
  const limited = { ...workspace, app: Object.create(app, { config: { value: config } }) as App };
  const status = await readStatus(limited);
  const measures = await readMeasures(limited, { at: new Date(), readBytes: async () => [] });
  const text = await new Metrics(async () => [measures]).text('operators');
  const backlog = /winnow_backlog\{.*stage="discover".*\} (\d+)/.exec(text)?.[1];
  return [status.unfinishedQueries, measures.unfinishedQueries, backlog];
}

it('status, page and metrics count the same open searches: none of classes that reached the limit', async () => {
  expect(await countsOf(null)).toEqual([4, 4, '4']);
  expect(await countsOf(3)).toEqual([4, 4, '4']);
  expect(await countsOf(2)).toEqual([2, 2, '2']);
  // A server does not know the --limit of a crawl.
  await storeLimitOfCrawl(app.db, workspace.scope.collectionId, 2);
  expect(await countsOf(null)).toEqual([2, 2, '2']);
  await storeLimitOfCrawl(app.db, workspace.scope.collectionId, null);
  expect(await countsOf(null)).toEqual([4, 4, '4']);
});

async function connectAs(name: string): Promise<void> {
  const client = new Client({ connectionString: database.url, application_name: name });
  await client.connect();
  onTestFinished(() => client.end());
}

it('status names the other living processes, and asks for a filter only if none works', async () => {
  const idle = await readStatus(workspace);
  expect([idle.processes, idle.next.command]).toEqual([[], 'winnow filter --collection demo']);
  await connectAs('winnow crawl 999991 lab3');
  await connectAs('winnow server 999992 lab4');
  const crawling = await readStatus(workspace);
  const since = expect.any(Date);
  expect(crawling.processes).toEqual([
    { stage: 'discover', host: 'lab3', since },
    { stage: 'fetch', host: 'lab3', since },
    { stage: 'server', host: 'lab4', since },
  ]);
  expect(crawling.next.command).toBe('winnow filter --collection demo');
  await connectAs('winnow filter-worker 999993 lab5');
  const filtering = await readStatus(workspace);
  expect(filtering.processes).toContainEqual({ stage: 'filter', host: 'lab5', since });
  expect(filtering.next).toEqual({
    text: '2 photos wait to be decided, and a filter is running.',
    command: 'winnow status --collection demo',
  });
  const at = new Date('2026-12-01T10:00:00Z');
  const lines = ['discover', 'fetch'].map((stage) => ({ stage, host: 'lab3', since: at }));
  expect(processesText([...lines, { stage: 'server', host: 'lab4', since: at }])).toBe(
    'working now: discover and fetch on lab3 since 2026-12-01 10:00; server on lab4 since 2026-12-01 10:00\n',
  );
  expect(processesText([])).toBe('');
});
