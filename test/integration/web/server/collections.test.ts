import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { usableCollection } from '../../../../src/core/collection/collection.process.ts';
import { openWorkspace, type Workspace } from '../../../../src/core/models/workspace/workspace.process.ts';
import { ROLES } from '../../../../src/core/kernel/people.ts';
import { ROUTES } from '../../../../src/web/server/routes.ts';
import { candidate, decideAs, fetched, kept, store } from '../../../support/catalogue-fixtures.ts';
import { testFolder } from '../../../support/test-app.ts';
import { ask, bearer, NO_TOKENS, useDashboard } from './support.ts';

const dashboard = useDashboard();
const TOKENS = {
  operator: 'operator-operator-operator',
  reviewer: 'reviewer-reviewer-reviewer',
  viewer: 'viewer-viewer-viewer-viewer',
};
let url = '';
let guarded = '';

beforeAll(async () => {
  await store(dashboard.app.db, [candidate('a', { wnid: 'n01440764' })]);
  await openWorkspace(dashboard.app, (await usableCollection('imagenet-a')).collection);
  url = await dashboard.serve(NO_TOKENS);
  guarded = await dashboard.serve(TOKENS);
});

describe('one server', () => {
  it('lists every collection that has a file or is in the catalogue', async () => {
    const cards = JSON.parse((await ask(url, '/api/collections')).body) as { name: string; funnel: unknown }[];
    const names = cards.filter(({ funnel }) => funnel !== null).map(({ name }) => name);
    expect(names).toEqual(['demo', 'imagenet-a']);
    expect(cards.map(({ name }) => name)).toEqual(expect.arrayContaining(['custom', 'imagenet-o']));
  });

  it('serves two collections, and measures both', async () => {
    for (const name of ['demo', 'imagenet-a'])
      expect(JSON.parse((await ask(url, `/c/${name}/api/overview`)).body)).toMatchObject({ collection: name });
    const { body } = await ask(url, '/metrics');
    for (const name of ['demo', 'imagenet-a']) expect(body).toContain(`winnow_backlog{collection="${name}"`);
  });

  it('serves and measures a collection whose file is elsewhere, and follows a change of its rules', async () => {
    const folder = await testFolder();
    const opened = async (threshold: number, use: 'work' | 'change'): Promise<Workspace> => {
      const file = path.join(folder, 'elsewhere.yaml');
      await writeFile(file, `name: elsewhere\nclasses: [n01440764, n01443537]\npolicy: { threshold: ${threshold} }\n`);
      return openWorkspace(dashboard.app, (await usableCollection(file)).collection, use);
    };
    const { scope } = await opened(0.15, 'work');
    const photoId = await fetched(dashboard.app.db, [candidate('b', { wnid: 'n01440764' })], 'a photo');
    await decideAs(dashboard.app.db, scope, [kept(photoId, 'n01440764')]);
    const shown = async (): Promise<object> => JSON.parse((await ask(url, '/c/elsewhere/api/overview')).body) as object;
    expect(await shown()).toMatchObject({ collection: 'elsewhere', totals: { decided: { kept: 1, undecided: 0 } } });
    expect((await ask(url, '/metrics')).body).toContain('winnow_backlog{collection="elsewhere"');
    await opened(0.3, 'change');
    await rm(folder, { recursive: true });
    await expect.poll(shown).toMatchObject({ totals: { decided: { kept: 0, undecided: 1 } } });
  });

  it('shows a collection whose file changed before anything was decided', async () => {
    const file = path.join(await testFolder(), 'early.yaml');
    const write = async (threshold: number) => {
      await writeFile(file, `name: early\nclasses: [n01440764, n01443537]\npolicy: { threshold: ${threshold} }\n`);
      return (await usableCollection(file)).collection;
    };
    await openWorkspace(dashboard.app, await write(0.15));
    const server = await dashboard.serve(NO_TOKENS, { named: await write(0.3) });
    const { body } = await fetch(`${server}/c/early/api/live`);
    const { value } = (await body?.getReader().read()) ?? {};
    expect(Buffer.from(value ?? []).toString()).toContain('"collection":"early"');
  });

  it('says what to do about a collection that it does not know, to a person on a page', async () => {
    for (const name of ['birds', '..%2f..%2fpackage.json', '.%2fx.yaml']) {
      const { status, body } = await ask(url, `/c/${name}/`, { headers: { accept: 'text/html' } });
      expect([status, body]).toEqual([404, expect.stringContaining('winnow collection init NAME')]);
    }
  });
});

it.each(ROUTES.filter(({ role }) => role !== null))('$method $path asks for the role $role', async (route) => {
  const target = route.path.replace(':collection', 'demo').replaceAll(/:\w+|\*/g, 'x');
  expect((await ask(guarded, target, { method: route.method })).status).toBe(401);
  for (const role of ROLES.slice(0, ROLES.indexOf(route.role ?? 'viewer')))
    expect((await ask(guarded, target, { method: route.method, ...bearer(TOKENS[role]) })).status).toBe(403);
});
