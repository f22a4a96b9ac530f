import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { suiteFolder } from '../../../support/process-tree.ts';
import { recordActivity } from '../../../../src/core/runtime/activity/activity.repository.ts';
import { openApp, type App } from '../../../../src/core/runtime/open/app.process.ts';
import { collectionFromCatalogue, type RulesUse } from '../../../../src/core/models/workspace/rules.process.ts';
import { openWorkspace, type Workspace } from '../../../../src/core/models/workspace/workspace.process.ts';
import { usableCollection } from '../../../../src/core/collection/collection.process.ts';
import { readRules } from '../../../../src/core/collection/collection.repository.ts';
import type { Collection } from '../../../../src/core/collection/collection.ts';
import { loadConfig } from '../../../../src/core/config/load-config.ts';
import { codeOf, messageOf } from '../../../../src/core/kernel/errors.ts';
import { openLogger } from '../../../../src/core/platform/log/logger.ts';
import { createDatabase, dropDatabase, onServer } from '../../../support/database.ts';
import { winnow } from '../../../support/winnow.ts';
import { candidate, fetched } from '../../../support/catalogue-fixtures.ts';

const FISH = ['n01440764', 'n01443537', 'n01484850'];
const SILENT = openLogger({ level: 'silent', format: 'json' }, process.stderr);

const folder = suiteFolder();
let url = '';
let apps: App[] = [];
beforeEach(async () => {
  url = await createDatabase('template');
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  await dropDatabase(url);
});

/** A process of its own, as far as PostgreSQL can tell. @param warnings receives the texts of its warnings */
async function machine(name: string, warnings: string[] = []): Promise<App> {
  const { config } = await loadConfig({ env: { WINNOW_POSTGRES_URL: url } });
  const warn = (first: unknown): void => void (typeof first === 'string' && warnings.push(first));
  const log = Object.assign(Object.create(SILENT), { warn }) as typeof SILENT;
  const app = await openApp({ config, dataDir: folder.at('data'), clientName: name, log });
  apps.push(app);
  return app;
}

async function fish(place: string, lines: string): Promise<Collection> {
  const file = folder.at(place, 'fish.yaml');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `name: fish\nensemble: [efficientnet-lite0]\n${lines}\n`);
  return (await usableCollection(file)).collection;
}

const strict = () => fish('strict', `classes: [${FISH.join(', ')}]`);
const lax = () => fish('lax', `classes: [${FISH.join(', ')}]\npolicy: { threshold: 0.3 }`);

async function end(app: App): Promise<void> {
  apps = apps.filter((one) => one !== app);
  await app.close();
}

async function decide({ app, scope }: Workspace): Promise<void> {
  const photoId = await fetched(app.db, [candidate('a', { wnid: 'n01440764' })], 'a photo');
  const decision = { photo_id: photoId, wnid: 'n01440764', state: 'dropped', is_lower_bound: false } as const;
  const decisionSha256 = Buffer.from(scope.decisionSha256, 'hex');
  await app.db
    .insertInto('decision')
    .values({ ...decision, collection_id: scope.collectionId, decision_sha256: decisionSha256 })
    .execute();
}

async function refusal(opening: Promise<unknown>): Promise<string> {
  const error = await opening.then(
    () => null,
    (error_: unknown) => error_,
  );
  expect([codeOf(error), error instanceof Error && error.name]).toEqual(['rules-differ', 'UsageError']);
  return messageOf(error);
}

describe('the rules of a collection in the catalogue', () => {
  it('are those of the first process that works on it, with their author and time', async () => {
    const app = await machine('fetch-worker');
    const { scope } = await openWorkspace(app, await strict(), 'keep');
    const stored = await readRules(app.db, 'fish');
    expect(stored).toMatchObject({ decisionSha256: scope.decisionSha256, by: expect.stringContaining('@') });
    expect(Math.abs(Date.now() - Number(stored?.since))).toBeLessThan(60_000);
    expect(Object.keys(stored?.cards ?? {})).toEqual(['efficientnet-lite0']);
  });

  it('refuse a worker with other rules: it names each key with both values, and the decisions', async () => {
    const first = await openWorkspace(await machine('filter-worker'), await strict(), 'keep');
    await decide(first);
    const message = await refusal(openWorkspace(await machine('filter-worker'), await lax(), 'keep'));
    expect(message).toMatch(/^rules-differ: /);
    expect(message).toContain('policy.threshold: 0.15 in the catalogue, 0.3 here');
    expect(message).toContain('1 decisions would be open again');
    expect((await readRules(first.app.db, 'fish'))?.decisionSha256).toBe(first.scope.decisionSha256);
  });

  it('are changed by a filter while no other process works on the collection', async () => {
    const worker = await machine('filter-worker');
    const before = await openWorkspace(worker, await strict(), 'keep');
    await decide(before);
    const refused = await refusal(openWorkspace(await machine('filter'), await lax(), 'change'));
    expect(refused).toMatch(/At work now: winnow filter-worker \d+/);
    await end(worker);
    const warnings: string[] = [];
    const filter = await machine('filter', warnings);
    const changed = await openWorkspace(filter, await lax(), 'change');
    expect(warnings.join('\n')).toContain('policy.threshold: 0.15 in the catalogue, 0.3 here');
    expect(warnings.join('\n')).toContain('1 decisions are open again');
    expect((await readRules(filter.db, 'fish'))?.decisionSha256).toBe(changed.scope.decisionSha256);
  });

  it('are not held by a server or a review', async () => {
    await openWorkspace(await machine('crawl'), await strict(), 'work').then(({ app }) => end(app));
    await openWorkspace(await machine('server'), await strict());
    const { scope, app } = await openWorkspace(await machine('filter'), await lax(), 'change');
    expect((await readRules(app.db, 'fish'))?.decisionSha256).toBe(scope.decisionSha256);
  });

  it.each<RulesUse>(['follow', 'work'])(
    'are used by a command that may not change them (%s), with a warning',
    async (use) => {
      const first = await openWorkspace(await machine('filter'), await strict(), 'change');
      const warnings: string[] = [];
      const file = await fish(
        'rest',
        `classes: [${FISH.slice(1).join(', ')}, n01491361]\npolicy: { threshold: 0.3, cap: 4 }`,
      );
      const { collection, scope } = await openWorkspace(await machine('status', warnings), file, use);
      expect(scope.decisionSha256).toBe(first.scope.decisionSha256);
      expect(collection.policy).toMatchObject({ threshold: 0.15, cap: 4 });
      expect([collection.evidenceClasses.wnids, collection.classes.wnids]).toEqual([FISH, FISH.slice(1)]);
      expect(collection.subjects.ids).toContain('n01491361');
      expect(warnings.join('\n')).toContain('policy.threshold: 0.15 in the catalogue, 0.3 here');
    },
  );

  it('of two processes that start at the same moment are those of one, and the other is refused', async () => {
    const both = await Promise.all([machine('filter-worker'), machine('filter-worker')]);
    const files = [await strict(), await lax()];
    const ends = await Promise.allSettled(both.map((app, i) => openWorkspace(app, files[i] as Collection, 'keep')));
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const changes = await Promise.allSettled(
      both.map((app, i) => openWorkspace(app, files[i] as Collection, 'change')),
    );
    expect(changes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
  });

  it('end a worker that had lost its connection while they changed', async () => {
    const worker = await machine('filter-worker');
    const { scope } = await openWorkspace(worker, await strict(), 'keep');
    const filter = await openWorkspace(await machine('filter'), await strict(), 'work');
    const changer = new Client({ connectionString: url });
    await changer.connect();
    await end(filter.app);
    const [held] = await onServer(
      url,
      `select pid, classid, objid from pg_locks join pg_stat_activity using (pid)
       where datname = current_database() and objid = ${scope.collectionId} and objsubid = 2 and application_name like '%filter-worker%'`,
    );
    const keys = `${held?.['classid']}, ${held?.['objid']}`;
    const alone = changer.query(`select pg_advisory_lock(${keys})`);
    await onServer(url, `select pg_terminate_backend(${held?.['pid']})`);
    await alone;
    await changer.query(`update collection set decision_sha256 = decode(repeat('ab', 32), 'hex'),
      definition = jsonb_set(definition, '{policy,threshold}', '0.3')`);
    expect(worker.broken.aborted).toBe(false);
    await changer.query(`select pg_advisory_unlock(${keys})`);
    await changer.end();
    await expect
      .poll(() => messageOf(worker.broken.reason))
      .toContain('policy.threshold: 0.3 in the catalogue, 0.15 here');
    await refusal(Promise.reject(worker.broken.reason));
  });

  it('of a catalogue of an older version are stored by the first process with the same rules only', async () => {
    const first = await openWorkspace(await machine('status'), await strict());
    await decide(first);
    const older = { rules_text: null, cards: null, rules_since: null, rules_by: null };
    await first.app.db.updateTable('collection').set(older).execute();
    await refusal(openWorkspace(await machine('filter-worker'), await lax(), 'keep'));
    await openWorkspace(await machine('filter-worker'), await strict(), 'keep');
    expect((await readRules(first.app.db, 'fish'))?.text).toContain('threshold: 0.15');
  });

  it('serve a machine that has neither the file nor its class list, queries and model card', async () => {
    const place = folder.at('whole');
    await mkdir(place, { recursive: true });
    await writeFile(path.join(place, 'list.txt'), FISH.join('\n'));
    await writeFile(path.join(place, 'queries.jsonl'), '{"wnid":"n01440764","flickr":["tench"]}\n');
    const file = await fish(
      'whole',
      'classes: list.txt\nqueries: queries.jsonl\nsources: [flickr]\npolicy: { cap: 3 }',
    );
    const { scope, app } = await openWorkspace(await machine('crawl'), file, 'work');
    await rm(place, { recursive: true });
    const stored = await collectionFromCatalogue(app, 'fish');
    if (stored === null) throw new Error('Expected the collection in the catalogue');
    expect(stored).toMatchObject({ sha256: file.sha256, rulesSha256: file.rulesSha256, sources: ['flickr'] });
    expect(stored.classes.wnids).toEqual(FISH);
    expect([stored.queries?.text.trim(), stored.policy.cap]).toEqual(['{"wnid":"n01440764","flickr":["tench"]}', 3]);
    const there = await openWorkspace(await machine('filter-worker'), stored, 'keep');
    expect(there.scope.decisionSha256).toBe(scope.decisionSha256);
  });
});

describe('winnow activity --collection', () => {
  it('takes the path of a collection file as other commands do, and the name of a collection without a file', async () => {
    const app = await machine('pause');
    await recordActivity(app.db, { who: 'ann', place: 'lab', action: 'pause', collection: 'fish' });
    const { name, file } = await strict();
    for (const collection of [file ?? '', name]) {
      const args = ['activity', '--collection', collection, '--json', '--data', folder.at('data')];
      const { code, stdout } = await winnow(args, { env: { DATABASE_URL: url } });
      expect([collection, code, stdout]).toEqual([collection, 0, expect.stringContaining('"who":"ann"')]);
    }
  });
});
