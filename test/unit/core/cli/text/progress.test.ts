import { describe, expect, it } from 'vitest';
import { Pace, partsText, ProgressTexts, type ProgressLine } from '../../../../../src/core/cli/text/progress.ts';
import { RunProgress, type RunView } from '../../../../../src/core/cli/run/run-lines.ts';
import type { KeyBudget } from '../../../../../src/core/crawl/network/budget.ts';
import { RunCounts } from '../../../../../src/core/status/run-counts.ts';

it('the pace is that of the last half minute', () => {
  const pace = new Pace();
  expect(pace.note({ atMs: 0, done: 0, bytes: 0 })).toBeNull();
  expect(pace.note({ atMs: 10_000, done: 100, bytes: 1e6 })).toEqual({ perSecond: 10, bytesPerSecond: 1e5 });
  for (let atMs = 11_000; atMs <= 40_000; atMs += 1_000) pace.note({ atMs, done: 100, bytes: 1e6 });
  expect(pace.note({ atMs: 41_000, done: 160, bytes: 4e6 })).toEqual({ perSecond: 2, bytesPerSecond: 1e5 });
});

describe('a line of progress', () => {
  const line: ProgressLine = { label: 'flickr', done: 100, total: 400, bytes: 5e7, note: 'found 500' };

  it('tells amount, pace and the time that is left', () => {
    const texts = new ProgressTexts();
    texts.of({ ...line, done: 0, bytes: 0 }, 0);
    expect(texts.of(line, 10_000)).toBe('100 of 400  10/s, 5.0 MB/s, 30 s left  found 500');
  });

  it('promises no end while more is being found, nor while nothing moves', () => {
    const growing = { ...line, isGrowing: true };
    const texts = new ProgressTexts();
    texts.of({ ...growing, done: 0, bytes: 0 }, 0);
    expect(texts.of(growing, 10_000)).toBe('100 of 400 so far  10/s, 5.0 MB/s  found 500');
    for (let atMs = 20_000; atMs <= 80_000; atMs += 10_000) texts.of(line, atMs);
    expect(texts.of(line, 90_000)).toBe('100 of 400  0.0/s, 0 B/s  found 500');
  });

  it('shows a time left that falls, also for work that begins in the middle and counts in pages', () => {
    const texts = new ProgressTexts();
    const leftAt = (atMs: number, done: number): number =>
      Number(/(\d+) s left/.exec(texts.of({ label: 'filter', done, total: 1_000, note: '' }, atMs))?.[1]);
    texts.of({ label: 'filter', done: 640, total: 1_000, note: '' }, 60_000);
    const pages = [0, 2_000, 4_000, 6_000, 8_000, 10_000, 12_000].map((ms) =>
      leftAt(70_000 + ms, 704 + Math.floor(ms / 10_000) * 64),
    );
    expect(pages).toEqual([47, 45, 43, 41, 39, 37, 35]);
  });

  it('is told once when it is complete, also if it was complete when the speed was first measured', () => {
    const texts = new ProgressTexts();
    const complete = { ...line, done: 400 };
    texts.of(complete, 0);
    expect([10_000, 20_000].map((atMs) => texts.news([complete], atMs).length)).toEqual([1, 0]);
  });

  it('has parts, as many as can be read', () => {
    const parts = Array.from({ length: 8 }, (_, i) => ({ ...line, label: `c${i}`, note: i === 0 ? 'failed 2' : '' }));
    expect(partsText(parts)).toBe(
      'c0 100 of 400 (failed 2), c1 100 of 400, c2 100 of 400, c3 100 of 400, c4 100 of 400, c5 100 of 400; 2 more',
    );
  });
});

describe('the progress of a run', () => {
  const noReasons = { dropped: {}, failed: {}, undated: 0 };
  const counts = new RunCounts();
  const flickr = counts.of('flickr');
  flickr.addPage({
    seen: 20,
    newPictures: 15,
    overLimit: 2,
    refused: { ...noReasons, dropped: { placeholder: 2 } },
  });
  flickr.toFetch = 15;
  const outcome = { source: 'flickr', reason: null, bytes: 0 };
  flickr.addOutcome({ ...outcome, outcome: 'fetched', bytes: 1000 });
  flickr.addOutcome({ ...outcome, outcome: 'later' });
  for (const reason of ['http-404', 'dns', 'http-404']) flickr.addOutcome({ ...outcome, outcome: 'failed', reason });
  flickr.addOutcome({ ...outcome, outcome: 'dropped', reason: 'opted-out' });
  counts.waits.set('a.example', { why: 'a.example waits', untilMs: 2_000 });
  counts.waits.set('b.example', { why: 'b.example waits', untilMs: 9_000 });
  const budget: KeyBudget = {
    key: 'source:flickr',
    requestsPerMinute: null,
    requestsPerDay: { limit: 3_000, used: 500, left: 2_500 },
    bytesPerHour: null,
    bytesPerDay: null,
    waits: null,
    circuit: 'closed',
    blocks: 0,
  };
  const wren = { source: 'flickr', wnid: 'n01', found: 10, waiting: 5, fetched: 4, failed: 1 };
  const kite = { source: 'flickr', wnid: 'n02', found: 30, waiting: 20, fetched: 0, failed: 0 };
  const view: RunView = {
    counts,
    stages: ['discover', 'fetch', 'filter'],
    classes: [wren, kite],
    budgets: [budget],
    nowMs: 5_000,
    paused: '',
    nameOf: (wnid) => (wnid === 'n01' ? 'wren' : 'kite'),
  };

  it('has a line a source with its reasons and budget, and says who waits still', () => {
    const { lines, waiting } = new RunProgress().of(view);
    expect(lines.map(({ label, done, total, note }) => [label, done, total, note])).toEqual([
      ['flickr', 5, 15, 'found 20, dropped: placeholder 2 opted-out 1, failed: http-404 2 dns 1, left: 2,500 requests'],
      ['filter', 0, 0, 'kept 0, dropped 0'],
    ]);
    expect(waiting).toBe('b.example waits');
    expect(counts.total('notFetched')).toBe(4);
  });

  it('shows the classes that are being worked on, the busiest first', () => {
    const progress = new RunProgress();
    const partsOf = (classes: RunView['classes']): unknown =>
      progress.of({ ...view, classes }).parts?.map(({ label, done, total, note }) => [label, done, total, note]);
    expect(partsOf(view.classes)).toEqual([
      ['kite', 0, 20, ''],
      ['wren', 4, 9, 'failed 1'],
    ]);
    expect(partsOf([{ ...wren, fetched: 9, waiting: 0 }, kite])).toEqual([
      ['wren', 9, 9, 'failed 1'],
      ['kite', 0, 20, ''],
    ]);
    counts.of('urls');
    expect(partsOf([{ ...wren, fetched: 9, waiting: 0 }, { ...kite }])).toEqual([['kite (flickr)', 0, 20, '']]);
  });
});
