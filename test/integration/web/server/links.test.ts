import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { settlePicture } from '../../../../src/core/crawl/candidates/fetch-queue.repository.ts';
import { filterPolicy } from '../../../../src/core/filter/rule/policy.ts';
import { whatIf } from '../../../../src/core/filter/what-if/what-if.process.ts';
import type { Totals } from '../../../../src/core/kernel/funnel.ts';
import { insertEvents } from '../../../../src/core/review/events/review.repository.ts';
import { importVerdicts } from '../../../../src/core/review/import/import.process.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { readStatus } from '../../../../src/core/status/status.process.ts';
import { candidate, decideAs, dropped, fetched, kept, store } from '../../../support/catalogue-fixtures.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { ask, askFilled, NO_TOKENS, useDashboard } from './support.ts';

const dashboard = useDashboard();
const TENCH = 'n01440764';
const GOLDFISH = 'n01443537';
const SHARK = 'n01484850';
let server = '';

/** A photo in each state that the page has a number for. */
beforeAll(async () => {
  const { app, workspace } = dashboard;
  const { db } = app;
  const { scope } = workspace;
  const of = { wnid: TENCH };
  const ids: Record<string, number> = {};
  for (const name of ['a', 'b', 'c', 'd', 'e', 'correct', 'confident', 'broken', 'undecided'])
    ids[name] = await fetched(db, [candidate(name, of)], name);
  await fetched(db, [candidate('copy', { ...of, source: 'flickr' })], 'a');
  const other = await fetched(db, [candidate('shark', { wnid: SHARK, source: 'flickr' })], 'shark');
  const { waiting } = await store(db, [candidate('slow', of), candidate('waits', { wnid: GOLDFISH })]);
  await settlePicture(db, waiting[0] ?? 0, { state: 'failed', reason: 'too-slow', detail: '' });
  await store(db, [
    candidate('small', { wnid: GOLDFISH, problem: { state: 'dropped', reason: 'too-small', detail: '' } }),
    candidate('mine', { ...of, refusal: { reason: 'licence-not-allowed', detail: '' } }),
    candidate('fork', { wnid: 'fork', refusal: { reason: 'unknown-class', detail: '' } }),
  ]);
  const keptAs = (name: string, confusionWnid: string) => kept(ids[name] ?? 0, TENCH, { confusionWnid });
  await decideAs(db, scope, [
    ...['a', 'b', 'c'].map((name) => keptAs(name, GOLDFISH)),
    ...['d', 'e'].map((name) => keptAs(name, SHARK)),
    kept(other, SHARK, { confusionWnid: TENCH }),
    dropped(ids['correct'] ?? 0, TENCH),
    dropped(ids['confident'] ?? 0, TENCH, 'confident'),
    { ...dropped(ids['broken'] ?? 0, TENCH), state: 'failed', reason: 'undecodable', maxTrueProb: null },
  ]);
  const policy = { cap: 2, nearDuplicateDistance: 0, nearDuplicateCosine: null };
  await buildShortlist(db, scope, { policy, backboneId: null });
  const rows = (['accept', 'reject', 'reject', 'accept'] as const).map((verdict, i) => {
    const name = ['a', 'b', 'c', 'd'][i] ?? '';
    return {
      line: i + 2,
      sha256: sha256Of(name),
      wnid: TENCH,
      verdict,
      reason: null,
      reviewer: 'ana',
      note: `first look at ${name}`,
      at: undefined,
    };
  });
  await importVerdicts(db, scope, rows);
  const note = { kind: 'note', value: { note: 'second look' }, undoes: null, reviewer: 'ana' } as const;
  const event = { ...note, client: randomUUID(), sequence: 1, sha256: sha256Of('b'), wnid: TENCH };
  await db.transaction().execute((trx) => insertEvents(trx, scope.collectionId, [event]));
  server = await dashboard.serve(NO_TOKENS);
});

const cookieOf = (name: string) => ({ cookie: `winnow_reviewer=${Buffer.from(name).toString('base64url')}` });

/** Links that begin with their number, and cells of the matrix. */
const LINK = /<a href="(\/c\/demo\/photos[^"]*)"(?:>| [^>]*aria-label="[^"]*: )([\d,]+)/g;

/** The addresses that a number of a page leads to, with the number. */
async function linksOfPage(page = '/c/demo/', headers = {}): Promise<ReadonlyMap<string, number>> {
  const { body } = await askFilled(server, page, { headers });
  const links = [...body.matchAll(LINK)].map(([, href = '', count = '']) => {
    return [href.replaceAll('&amp;', '&'), Number(count.replaceAll(',', ''))] as const;
  });
  return new Map(links);
}

async function totalOf(href: string): Promise<number> {
  const { body } = await ask(server, href.replace('/photos', '/api/photos'));
  return JSON.parse(body).total;
}

describe('the page of activities', () => {
  it('leads from the verdicts of each person and day to their photos, for that person alone on a server without tokens', async () => {
    const links = await linksOfPage('/activity', cookieOf('ana'));
    const totals = new Map<string, number>();
    for (const href of links.keys()) totals.set(href, await totalOf(href));
    expect([...links.values()]).toEqual([1, 2]);
    expect(totals).toEqual(links);
    expect(await linksOfPage('/activity', cookieOf('bo'))).toEqual(new Map());
  });
});

describe('the page of a collection', () => {
  it('leads from each number to a gallery of as many photos', async () => {
    const links = await linksOfPage();
    const totals = new Map<string, number>();
    for (const href of links.keys()) totals.set(href, await totalOf(href));
    expect(totals).toEqual(links);
    expect(links.get(`/c/demo/photos?state=kept&class=${TENCH}&seen=${GOLDFISH}`)).toBe(3);
  });

  it('has the numbers of winnow status, each as a link', async () => {
    const { totals, classes } = await readStatus(dashboard.workspace);
    const links = await linksOfPage();
    const numbers = (query: string, of: Totals): unknown => ({
      [`state=found${query}`]: of.found,
      [`state=kept${query}`]: of.decided.kept,
      [`state=listed${query}`]: of.shortlisted,
      [`state=open${query}`]: of.unreviewed,
      [`state=accepted${query}`]: of.selected,
    });
    const shown = Object.fromEntries([...links].map(([href, count]) => [href.split('?')[1] ?? '', count]));
    expect(shown).toMatchObject({
      ...(numbers('', totals) as object),
      ...(numbers(`&class=${TENCH}`, classes.find(({ wnid }) => wnid === TENCH) ?? totals) as object),
      'state=fetched': totals.fetched,
      'state=distinct': totals.fetched - totals.duplicates,
      'state=duplicate': totals.duplicates,
      'state=waiting': totals.waiting,
      'state=undecided': totals.decided.undecided,
      'state=rejected': totals.rejected,
      'state=failed&reason=undecodable': totals.decided.failed,
      'state=failed&reason=too-slow': totals.failed['too-slow'],
      'state=dropped&reason=too-small': totals.dropped['too-small'],
      'state=dropped&reason=licence-not-allowed': totals.dropped['licence-not-allowed'],
      'state=dropped&reason=unknown-class': totals.dropped['unknown-class'],
      'state=dropped&reason=correct': totals.decided.correct,
      'state=dropped&reason=confident': totals.decided.confident,
      'state=left-out&reason=cap': totals.leftOut.cap,
    });
  });

  it('has a gallery of the photos with a text in the last note of a person', async () => {
    const totals = await Promise.all(
      ['first+look', 'second+look'].map((text) => totalOf(`/c/demo/photos?text=${text}`)),
    );
    expect(totals).toEqual([2, 1]);
  });

  it('has no gallery of photos like one that is unknown', async () => {
    const like = `like=${sha256Of('unknown')}`;
    const { status, body } = await ask(server, `/c/demo/api/photos?${like}`);
    expect([status, body]).toEqual([400, expect.stringContaining(`The address has ${like}, which is unknown.`)]);
  });

  it('answers what-if as the command does, and refuses a threshold that is no probability', async () => {
    const { app, scope, ensemble, collection } = dashboard.workspace;
    const { policy } = collection;
    const { settings } = await whatIf(
      { db: app.db, scope, memberIds: ensemble.memberIds },
      {
        grid: {
          policies: [filterPolicy({ ...collection, policy: { ...policy, threshold: 0.5 } })],
          caps: [1],
          nearDuplicateDistance: policy.nearDuplicateDistance,
        },
        samples: 0,
        signal: new AbortController().signal,
      },
    );
    const { body } = await ask(server, '/c/demo/api/what-if?threshold=0.5&cap=1');
    expect(JSON.parse(body)).toMatchObject({ asked: settings[0]?.totals, changed: settings[0]?.changed });
    const refused = await ask(server, '/c/demo/api/what-if?threshold=1.5');
    expect([refused.status, refused.body]).toEqual([400, expect.stringContaining("but received '1.5'")]);
  });
});
