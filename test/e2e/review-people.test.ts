import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApp } from '../../src/runtime/open/app.process.ts';
import { openWorkspace } from '../../src/models/workspace/workspace.process.ts';
import type { AgreementReport } from '../../src/review/agreement/agreement.ts';
import { usableCollection } from '../../src/collection/collection.process.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Totals } from '../../src/kernel/funnel.ts';
import { openLogger } from '../../src/platform/log/logger.ts';
import type { ReviewEvent, ReviewVerdict } from '../../src/review/events/event.ts';
import type { VerdictLine } from '../../src/review/events/verdict-line.ts';
import { portOfItsOwn } from '../support/free-port.ts';
import { makeShortlistOf } from '../support/made-shortlist.ts';
import { peakMemoryBytes, suiteFolder } from '../support/process-tree.ts';
import { catalogueOf, useSharedServer } from '../support/shared-server.ts';
import { until } from '../support/until.ts';
import { jsonLines, startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';
import { LEASE_MS, ScriptedReviewer } from './scripted-reviewer.ts';
import { expectStored, placeOf, sampledOf, unwantedVerdicts } from './stored-reviews.ts';

useSharedServer();
const folder = suiteFolder();

/** WINNOW_TEST_REVIEW_SECONDS=120: four people review for two minutes, on a list that they do not finish. */
const SECONDS = Number(process.env['WINNOW_TEST_REVIEW_SECONDS'] ?? 0);
const LISTED = SECONDS === 0 ? 150 : SECONDS * 100;
const CLASSES = SECONDS === 0 ? 3 : 60;
/** About half of what the person who is killed could do. */
const DECISIONS_OF_VICTIM = SECONDS === 0 ? 15 : SECONDS * 2;
const PYTHON = process.env['WINNOW_TEST_PYTHON'] ?? 'python3';
const SECOND_PASS = 0.1;
const NAMES = ['ana', 'bo', 'cem', 'dan'];
const tokenOf = (name: string): string => `token-of-${name}`.padEnd(32, '-');

interface Server {
  readonly command: RunningCommand;
  readonly url: string;
  /** The flags of commands that name the data folder. */
  readonly flags: readonly string[];
}

const servers: Server[] = [];
afterAll(async () => {
  for (const { command } of servers) {
    command.killGroup('SIGTERM');
    await command.result;
  }
});

/** Starts a server on a new catalogue with a shortlist, for people with tokens. */
async function serve(
  name: string,
  list: { readonly photos: number; readonly classes: number; readonly secondPass: number },
): Promise<Server> {
  const dataDir = folder.at(name);
  await makeCatalogue(dataDir, list);
  const port = await portOfItsOwn();
  const people = Object.fromEntries(NAMES.map((one) => [one, { role: 'reviewer', token: tokenOf(one) }]));
  const config = folder.at(`${name}.yaml`);
  const review = { leaseMs: LEASE_MS, secondPass: list.secondPass };
  await writeFile(config, JSON.stringify({ server: { port, people }, review }));
  const flags = ['--collection', 'demo', '--data', dataDir];
  const command = startWinnow(['server', ...flags, '--config', config], { timeoutMs: (SECONDS + 240) * 1_000 });
  const server = { command, url: `http://127.0.0.1:${port}/`, flags };
  servers.push(server);
  await until(async () => (await fetch(`${server.url}ready`).catch(() => null))?.ok === true);
  return server;
}

async function makeCatalogue(
  dataDir: string,
  { photos, classes }: { readonly photos: number; readonly classes: number },
): Promise<void> {
  const { config } = await loadConfig({ env: { WINNOW_POSTGRES_URL: await catalogueOf(dataDir) } });
  const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);
  const app = await openApp({ config, dataDir, clientName: 'test', log });
  try {
    const workspace = await openWorkspace(app, (await usableCollection('demo')).collection);
    // The first class is for photos with bytes, which nobody needs here.
    const scope = { ...workspace.scope, classes: workspace.scope.wnids.slice(0, classes + 1) };
    await makeShortlistOf({ ...workspace, scope }, { photos, first: [] });
  } finally {
    await app.close();
  }
}

const reviewerOn = ({ url }: Server, name: string): ScriptedReviewer =>
  new ScriptedReviewer(name, { url, token: tokenOf(name) });

async function run({ flags }: Server, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await winnow([...args, ...flags, '--json']);
  expect([args, code, stderr]).toEqual([args, 0, expect.any(String)]);
  return stdout;
}

const FIELD_OF = {
  accepted: 'selected',
  rejected: 'rejected',
  unsure: 'unsure',
  disputed: 'disputed',
  unreviewed: 'unreviewed',
} as const;
const PLACES = Object.values(FIELD_OF);
type Places = Readonly<Record<(typeof PLACES)[number] | 'shortlisted', number>>;

function placesIn(totals: Pick<Totals, keyof Places>): Places {
  const { shortlisted, selected, rejected, unsure, disputed, unreviewed } = totals;
  return { shortlisted, selected, rejected, unsure, disputed, unreviewed };
}

function placesOf(lines: readonly VerdictLine[]): Places {
  const counts = { shortlisted: lines.length, selected: 0, rejected: 0, unsure: 0, disputed: 0, unreviewed: 0 };
  for (const { state } of lines) counts[FIELD_OF[state]] += 1;
  return counts;
}

async function placesInMetrics({ url }: Server): Promise<Partial<Places>> {
  const headers = { authorization: `Bearer ${tokenOf('ana')}` };
  const text = await (await fetch(`${url}metrics`, { headers })).text();
  const found = [...text.matchAll(/^winnow_shortlist_photos\{collection="demo",place="(\w+)"\} (\d+)$/gm)];
  const wanted = found.filter(([, place = '']) => place === 'shortlisted' || PLACES.some((one) => one === place));
  return Object.fromEntries(wanted.map(([, place, count]) => [place, Number(count)]));
}

/** Seconds of processor time of a process since its start: Linux counts hundredths. */
async function processorSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function reportUse({ command }: Server, actions: number, seconds: number): Promise<void> {
  const { pid = 0 } = command.child;
  const memory = ((await peakMemoryBytes(pid)) ?? 0) / 2 ** 20;
  const processor = await processorSeconds(pid);
  console.log(
    `four reviewers on ${LISTED} photos: ${actions} actions in ${seconds.toFixed(1)} s; the server used ${processor.toFixed(1)} s of a processor and at most ${memory.toFixed(0)} MiB`,
  );
}

describe('four people who review at the same time', () => {
  let server: Server;
  let reviewers: ScriptedReviewer[] = [];
  beforeAll(async () => {
    server = await serve('four', { photos: LISTED, classes: CLASSES, secondPass: SECOND_PASS });
    reviewers = NAMES.map((name) => reviewerOn(server, name));
  });

  it('give each photo one first pass, and every action is stored once, also those of a person who was killed', async () => {
    const startMs = performance.now();
    let isOver = false;
    const [victim, ...others] = reviewers;
    if (victim === undefined) throw new Error('Expected a reviewer');
    const working = others.map((reviewer) => reviewer.review(() => isOver));
    const lastBatch = await victim.reviewUntilKilled(DECISIONS_OF_VICTIM);
    const limitMs = SECONDS === 0 ? 30_000 : SECONDS * 1_000;
    const whenOver = until(async () => {
      const isLate = performance.now() - startMs > limitMs;
      const open = await Promise.all(reviewers.map((reviewer) => reviewer.open()));
      return isLate || open.every((count) => count === 0);
    }, limitMs + 60_000);
    await Promise.race([whenOver, Promise.all(working)]);
    isOver = true;
    await Promise.all(working);
    const seconds = (performance.now() - startMs) / 1_000;

    // A browser that was started again sends what it had no answer to.
    const restarted = reviewerOn(server, victim.name);
    expect((await restarted.send(lastBatch)).results).toEqual([
      { sequence: lastBatch.actions[0]?.sequence, stored: 1, skipped: 0 },
    ]);
    await reportUse(server, reviewers.flatMap(({ sent }) => sent).length, seconds);

    const events = jsonLines<ReviewEvent>(await run(server, 'verdicts', '--events'));
    const lines = jsonLines<VerdictLine>(await run(server, 'verdicts'));
    for (const { client, name, sent } of reviewers) {
      const own = events.filter((event) => placeOf(event).tab === client);
      expect(new Set(own.map(({ reviewer }) => reviewer))).toEqual(new Set([name]));
      expectStored(sent, own);
    }
    expect(events.map(({ id }) => id)).toEqual(events.map(({ id }) => id).toSorted((a, b) => a - b));
    expect(unwantedVerdicts(events, sampledOf(lines, SECOND_PASS))).toEqual([]);
    const left = await Promise.all(reviewers.map((reviewer) => reviewer.open()));
    expect(left.filter((open) => open > 0 && SECONDS === 0)).toEqual([]);
  });

  it('are counted alike by the commands, the dashboard and the metrics', async () => {
    const places = placesOf(jsonLines<VerdictLine>(await run(server, 'verdicts')));
    expect(places.shortlisted).toBe(LISTED);
    expect(PLACES.reduce((sum, place) => sum + places[place], 0)).toBe(LISTED);
    expect(placesIn(JSON.parse(await run(server, 'status')).totals)).toEqual(places);
    const overview = async () =>
      placesIn((await reviewers[1]?.get<{ totals: Totals }>('c/demo/api/overview'))?.totals ?? ({} as Totals));
    await expect.poll(overview, { timeout: 10_000 }).toEqual(places);
    await expect.poll(() => placesInMetrics(server), { timeout: 10_000 }).toEqual(places);
  });
});

const AGREEMENT = `
import json, sys
import krippendorff
from sklearn.metrics import cohen_kappa_score
pairs = json.load(sys.stdin)
first, second = zip(*pairs)
codes = {"accept": 0, "reject": 1, "unsure": 2}
data = [[codes[one] for one in rater] for rater in (first, second)]
print(json.dumps({
    "percent": 100 * sum(a == b for a, b in pairs) / len(pairs),
    "cohenKappa": cohen_kappa_score(first, second),
    "krippendorffAlpha": krippendorff.alpha(reliability_data=data, level_of_measurement="nominal"),
}))
`;

/** Why Python cannot check the numbers; '' if it can. */
async function lacksPackages(): Promise<string> {
  return promisify(execFile)(PYTHON, ['-c', 'import krippendorff, sklearn']).then(
    () => '',
    () => `${PYTHON} has no scikit-learn and krippendorff (WINNOW_TEST_PYTHON names a Python that has)`,
  );
}

async function pythonAgreement(pairs: readonly (readonly ReviewVerdict[])[]): Promise<Record<string, number>> {
  const running = promisify(execFile)(PYTHON, ['-c', AGREEMENT]);
  running.child.stdin?.end(JSON.stringify(pairs));
  return JSON.parse((await running).stdout);
}

describe('two people who review every photo of a class without seeing the verdicts of each other', () => {
  it('agree as far as scikit-learn and krippendorff compute', async (context) => {
    const problem = await lacksPackages();
    context.skip(problem !== '', problem);
    const server = await serve('two', { photos: 60, classes: 1, secondPass: 1 });
    const [ana, bo] = [reviewerOn(server, 'ana'), reviewerOn(server, 'bo')];
    let isOver = false;
    const working = [ana, bo].map((one) => one.review(() => isOver));
    const finishing = until(async () => (await ana.open()) + (await bo.open()) === 0);
    await Promise.race([finishing, Promise.all(working)]);
    isOver = true;
    await Promise.all(working);

    const lines = jsonLines<VerdictLine>(await run(server, 'verdicts'));
    const pairs = lines.map(({ reviews }) => reviews.map(({ verdict }) => verdict));
    expect(pairs.filter(({ length }) => length !== 2)).toEqual([]);
    expect(new Set(pairs.flat())).toEqual(new Set(['accept', 'reject', 'unsure']));
    const { overall, classes } = JSON.parse(await run(server, 'agreement')) as AgreementReport;
    const expected = await pythonAgreement(pairs);
    expect(expected['cohenKappa']).toBeGreaterThan(0);
    for (const one of [overall, ...classes]) {
      expect(one.photos).toBe(60);
      for (const name of ['percent', 'cohenKappa', 'krippendorffAlpha'] as const)
        expect(Math.abs((one[name] ?? Number.NaN) - (expected[name] ?? 0)), name).toBeLessThan(1e-12);
    }
    expect(classes).toHaveLength(1);
  });
});
