import { describe, expect, it } from 'vitest';
import { RunCounts } from '../../../../src/core/status/run-counts.ts';
import { remarksOf, summaryOf, type SummaryParts } from '../../../../src/core/library/crawl-summary.process.ts';
import type { ClassRemark } from '../../../../src/core/library/crawl-plan.process.ts';
import { summaryText } from '../../../../src/core/cli/crawl/crawl-summary-text.ts';

const remark: ClassRemark = {
  source: 'flickr',
  wnid: 'n01',
  problems: [],
  notes: [],
  isSearched: true,
  hasLine: true,
};

describe('the remarks on the classes of a crawl', () => {
  it('tell which could not be asked for, which only by name, which not at all, and what else there is to note', () => {
    const remarks = remarksOf(
      [
        { ...remark, notes: ["'Troglodytes' is Nannus (genus, taxon 1)"] },
        { ...remark, wnid: 'n02', hasLine: false, notes: ['searched by its name'] },
        { ...remark, wnid: 'n03', isSearched: false, problems: ['no taxon "Wrenn"'], notes: ['no adults'] },
        { ...remark, wnid: 'n04', isSearched: false, notes: ['no scientific name'] },
        { ...remark, wnid: 'n05', isSearched: false },
      ],
      (wnid) => `class ${wnid}`,
    );
    expect(remarks).toEqual({
      problems: ['flickr, class n03 (n03): no taxon "Wrenn"'],
      searchedByName: [{ source: 'flickr', wnid: 'n02', name: 'class n02', why: 'searched by its name' }],
      notAsked: [{ source: 'flickr', wnid: 'n04', name: 'class n04', why: 'no scientific name' }],
      notes: ["flickr: 'Troglodytes' is Nannus (genus, taxon 1)", 'flickr: no adults'],
    });
  });
});

function parts(changes: Partial<SummaryParts['result']> = {}): SummaryParts {
  const counts = new RunCounts();
  const refused = { dropped: { 'licence-not-allowed': 30 }, failed: {}, undated: 0 };
  counts.of('flickr').addPage({ seen: 1_200, newPictures: 133, overLimit: 40, refused });
  for (let i = 0; i < 100; i += 1)
    counts.of('flickr').addOutcome({ source: 'flickr', outcome: 'fetched', reason: null, bytes: 500_000 });
  for (const reason of ['http-404', 'reset', 'reset'])
    counts.of('flickr').addOutcome({ source: 'flickr', outcome: 'failed', reason, bytes: 0 });
  const result = {
    crawl: null,
    counts,
    left: { discover: 0, fetch: 0 },
    stopped: new Map(),
    startMs: 0,
    durationMs: 50_000,
  };
  const remarks = remarksOf([{ ...remark, hasLine: false }], () => 'wren');
  return {
    result: { ...result, ...changes },
    remarks,
    budgets: [],
    where: '--collection birds --data data',
    command: 'winnow crawl --collection birds',
  };
}

describe('the summary of a crawl', () => {
  it('reports the result of each source, and what to do next', () => {
    expect(summaryText(summaryOf(parts()))).toBe(
      `found 1,200 photos, 133 of them new
stored 100 photos; 1,027 known before; dropped: licence-not-allowed 30; failed: reset 2 http-404 1
skipped 40 photos: their classes have reached the limit
searched by name, because the queries file has no line for them: wren (flickr)

source  found  new  fetched  bytes    photos/s  MB/s
flickr  1,200  133      100  50.0 MB  2.0       1.00
flickr dropped: licence-not-allowed 30; failed: reset 2 http-404 1
took 50 s
next: winnow retry --reason reset, then crawl again: these failures may have been temporary
next: winnow filter --collection birds --data data
`,
    );
  });

  it('is the same as JSON', () => {
    expect(summaryOf(parts())).toMatchObject({
      seen: 1_200,
      newPictures: 133,
      complete: true,
      fetched: 100,
      notFetched: 3,
      left: 0,
      openQueries: 0,
      durationSeconds: 50,
      sources: [{ source: 'flickr', photosPerSecond: 2, bytesPerSecond: 1_000_000 }],
    });
  });

  it('of an interrupted or refused crawl says how to go on', () => {
    const interrupted = summaryOf(parts({ left: { discover: 3, fetch: 7 } }));
    expect(interrupted).toMatchObject({ complete: false, left: 7, openQueries: 3 });
    expect(interrupted.next[0]).toBe('run the command again: it continues where it stopped');
    const until = new Date('2026-12-02T00:00:00Z');
    const stop = {
      reason: 'refused',
      error: 'HTTP 403',
      host: 'api.flickr.com',
      until,
      searches: 3,
      pictures: 1,
    } as const;
    const refused = summaryOf(parts({ left: { discover: 3, fetch: 1 }, stopped: new Map([['flickr', stop]]) }));
    expect(refused.stopped).toEqual([{ source: 'flickr', ...stop, until: '2026-12-02T00:00:00.000Z' }]);
    expect(refused.next).toContain(
      'winnow crawl --collection birds --source flickr # not before 2026-12-02T00:00:00.000Z',
    );
    expect(summaryText(refused)).toContain(
      '\nflickr was given up, because its site refuses our requests until 2026-12-02T00:00:00.000Z: HTTP 403. Left: 3 searches and 1 picture\n',
    );
  });

  it('names --from in the commands of those sources that take one', () => {
    const stop = {
      reason: 'gave-up',
      error: 'HTTP 500',
      host: 'a.example',
      until: null,
      searches: 1,
      pictures: 0,
    } as const;
    const stopped = new Map(['flickr', 'urls'].map((source) => [source, stop]));
    const { next } = summaryOf({ ...parts({ stopped }), from: 'my list.csv' });
    expect(next.slice(0, 2)).toEqual([
      'winnow crawl --collection birds --source flickr',
      "winnow crawl --collection birds --from 'my list.csv' --source urls",
    ]);
  });

  it('reports a walked source that could not be reached, without pointing to the queries file', () => {
    const counted = { seen: 0, newPictures: 0, ignored: 0, overLimit: 0, otherClasses: 0 };
    const notes = Array.from({ length: 14 }, (_, i) => `urls: note ${i}`);
    const crawl = { ...counted, complete: false, problems: ['inaturalist-open-data: it broke off'], notes };
    const summary = summaryOf(parts({ crawl }));
    expect([summary.complete, summary.problems]).toEqual([false, ['inaturalist-open-data: it broke off']]);
    expect(summary.next[0]).toBe('run the command again: it continues where it stopped');
    const lines = summaryText(summary).split('\n');
    expect(lines[1]).toBe('problem: inaturalist-open-data: it broke off');
    expect(lines.filter((line) => line.startsWith('note: '))).toHaveLength(13);
    expect(lines[14]).toBe('note: and 2 more like this (--json lists all)');
  });

  it('points to the queries file if classes have problems', () => {
    const remarks = remarksOf([{ ...remark, isSearched: false, problems: ['no taxon'] }], () => 'wren');
    expect(summaryOf({ ...parts(), remarks }).next[0]).toMatch(/^fix the queries/);
  });

  it('does not suggest the filter if it has run already', () => {
    expect(summaryOf(parts({ left: { discover: 0, fetch: 0, filter: 0 } })).next).toHaveLength(1);
  });
});
