import { cp, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Funnel } from '../../src/kernel/funnel.ts';
import type { ReviewVerdict } from '../../src/review/events/event.ts';
import type { VerdictLine } from '../../src/review/events/verdict-line.ts';
import type { ShortlistRow } from '../../src/shortlist/shortlist.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { jsonLines, repositoryRoot, winnow } from '../support/winnow.ts';
import { expectFunnelAddsUp } from './funnel-sums.ts';

useSharedServer();
const folder = suiteFolder();
/** Classes of the samples with the most photos. Their photos are candidates for tenches here, so the filter keeps them. */
const HAMMER_DAISY_DISH = ['n03481172', 'n11939491', 'n04258138'];
const TENCH = 'n01440764';
const CAP = 2;
const COLLECTION = `name: tenches
classes: [${TENCH}]
among: imagenet-1k
ensemble: [efficientnet-lite0, efficientnet-lite1]
policy: { threshold: 0.15, cap: ${CAP} }
`;

async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await winnow([
    ...args,
    '--collection',
    folder.at('tenches.yaml'),
    '--data',
    folder.at('data'),
  ]);
  expect([args, code, stderr]).toEqual([args, 0, expect.any(String)]);
  return stdout;
}

const rows = async (): Promise<ShortlistRow[]> => jsonLines(await run('shortlist', '--json'));
const listedIn = (all: readonly ShortlistRow[]): ShortlistRow[] => all.filter(({ state }) => state === 'listed');
const verdicts = async (): Promise<VerdictLine[]> => jsonLines(await run('verdicts', '--json'));
const totals = async (): Promise<Funnel['totals']> => {
  const funnel = JSON.parse(await run('status', '--json')) as Funnel;
  expectFunnelAddsUp(funnel);
  return funnel.totals;
};

/** Crawls every second sample of the classes, decides them, and builds the shortlist. */
async function crawlAndList(part: 0 | 1): Promise<ShortlistRow[]> {
  const photos = path.join(repositoryRoot, 'assets/samples/photos');
  for (const wnid of HAMMER_DAISY_DISH)
    for (const name of (await readdir(path.join(photos, wnid))).toSorted().filter((_, i) => i % 2 === part))
      await cp(path.join(photos, wnid, name), folder.at(`crawl-${part}`, TENCH, name));
  await run('crawl', '--from', folder.at(`crawl-${part}`));
  await run('filter');
  return rows();
}

/** Rejects the first photo of each confusion and accepts the last one. */
async function review(listed: readonly ShortlistRow[]): Promise<ReadonlyMap<string, ReviewVerdict>> {
  const given = new Map<string, ReviewVerdict>();
  for (const { sha256, confusionWnid } of listed) {
    const isFirst = listed.find((one) => one.confusionWnid === confusionWnid)?.sha256 === sha256;
    given.set(sha256, isFirst ? 'reject' : 'accept');
  }
  const lines = [...given].map(([sha256, verdict]) => `${sha256},${TENCH},${verdict},ana`);
  await writeFile(folder.at('verdicts.csv'), ['sha256,wnid,verdict,reviewer', ...lines].join('\n'));
  await run('verdicts', 'import', folder.at('verdicts.csv'));
  return given;
}

describe('a crawl and a new shortlist after a review', () => {
  it('keep each reviewed photo in its place, and fill the places of rejected ones, which are counted', async () => {
    await writeFile(folder.at('tenches.yaml'), COLLECTION);
    const before = listedIn(await crawlAndList(0));
    const given = await review(before);
    const stored = await verdicts();
    const after = await crawlAndList(1);
    const listed = listedIn(after);

    const kept = listed.filter(({ sha256 }) => given.has(sha256));
    expect(kept.map((row) => ({ ...row, rank: null }))).toEqual(before.map((row) => ({ ...row, rank: null })));
    const lines = await verdicts();
    expect(lines.filter(({ sha256 }) => given.has(sha256))).toEqual(stored);
    expect(new Set(stored.map(({ state }) => state))).toEqual(new Set(['accepted', 'rejected']));

    const overCap = after.filter(({ reason }) => reason === 'cap');
    const isBetter = ({ maxTrueProb }: ShortlistRow, than: ShortlistRow): boolean =>
      (maxTrueProb ?? 1) < (than.maxTrueProb ?? 0);
    expect(overCap.some((row) => kept.some((one) => isBetter(row, one)))).toBe(true);
    const counting = listed.filter(({ sha256 }) => given.get(sha256) !== 'reject');
    const inCap = (wnid: string): number => counting.filter(({ confusionWnid }) => confusionWnid === wnid).length;
    for (const { confusionWnid } of listed) expect(inCap(confusionWnid)).toBeLessThanOrEqual(CAP);
    for (const { confusionWnid } of overCap) expect(inCap(confusionWnid)).toBe(CAP);

    const count = (verdict: ReviewVerdict): number => [...given.values()].filter((one) => one === verdict).length;
    const refill = listed.length - before.length;
    expect(refill).toBeGreaterThan(0);
    expect(await totals()).toMatchObject({
      shortlisted: listed.length,
      selected: count('accept'),
      rejected: count('reject'),
      unreviewed: refill,
      leftOut: { cap: overCap.length },
    });
    expect(lines.filter(({ state }) => state === 'unreviewed')).toHaveLength(refill);
    expect(await run('shortlist')).toContain(
      `kept their place because they were reviewed: ${before.length}, of which ${count('reject')} rejected ones`,
    );
  });
});
