import { describe, expect, it } from 'vitest';
import type { DumpSource, ListedSource } from '../../../../../src/core/crawl/discover/crawl-walk.process.ts';
import type { DryRunLine } from '../../../../../src/core/crawl/discover/dry-run.process.ts';
import { walkDryRun, type WalkDryRunOptions } from '../../../../../src/core/crawl/discover/walk-dry-run.process.ts';
import type { CandidateRules } from '../../../../../src/core/crawl/candidates/candidate.ts';
import { RetryLater } from '../../../../../src/core/kernel/errors.ts';
import type { FoundPhoto } from '../../../../../src/core/crawl/sources/source.ts';

const rules: CandidateRules = {
  resolveLabel: (label) => (label === '?' ? { ok: false, detail: 'no class' } : { ok: true, wnid: label }),
  wnids: new Set(['n01', 'n02']),
  licences: ['CC0-1.0'],
};

function found(label: string, changes: Partial<FoundPhoto> = {}): FoundPhoto {
  const rights = { pageUrl: null, creator: null, licence: 'CC0-1.0', licenceUrl: null };
  return { source: 'urls', sourceId: label, label, url: 'http://host.example/1', problem: null, ...rights, ...changes };
}

async function dryRun(
  walk: Partial<ListedSource> | Pick<DumpSource, 'photos' | 'preview'>,
  changes: Partial<WalkDryRunOptions> = {},
): Promise<DryRunLine[]> {
  const lines: DryRunLine[] = [];
  const whole = { source: 'urls', retryFailed: false, async *photos() {}, ...walk };
  const signal = new AbortController().signal;
  const options = { walk: whole, rules, wanted: new Set(['n01', 'n02']), limitPerClass: null, signal, ...changes };
  for await (const line of walkDryRun(options)) lines.push(line);
  return lines;
}

const shown = (lines: readonly DryRunLine[]): unknown[] => lines.map(({ wnid, title, total }) => [wnid, title, total]);

const SIX: ListedSource['photos'] = async function* photos({ onIgnored, onNote }) {
  onIgnored('Thumbs.db');
  yield* [found('n02'), found('n01'), found('n01'), found('?'), found('n01', { licence: 'unknown' })];
  yield found('n01', { problem: { state: 'failed', reason: 'unreadable', detail: 'no address' } });
  onNote('1 row cannot be used');
};

describe('a dry run of a source that is walked', () => {
  it('reports how many photos of each class it would take, and why it would not take others', async () => {
    expect(shown(await dryRun({ photos: SIX }))).toEqual([
      ['n01', '', 2],
      ['n02', '', 1],
      [null, 'dropped, licence-not-allowed', 1],
      [null, 'dropped, unknown-class', 1],
      [null, 'failed, unreadable', 1],
      [null, 'passed over, system files', 1],
      [null, '1 row cannot be used', null],
      [null, "1 photo labelled '?', which is not a class of the collection: no class", null],
    ]);
  });

  it('obeys the requested classes and the limit', async () => {
    const lines = await dryRun({ photos: SIX }, { wanted: new Set(['n01']), limitPerClass: 1 });
    expect(shown(lines)).toEqual(
      expect.arrayContaining([
        ['n01', '', 1],
        [null, 'passed over, of other classes', 1],
        [null, 'passed over, their classes have reached the limit', 2],
      ]),
    );
  });

  it('reports a problem if no photo belongs to a class of the collection', async () => {
    const lines = await dryRun({
      async *photos() {
        yield* [found('?'), found('n03'), found('?')];
      },
    });
    expect(lines.map(({ title, total, problem }) => [title, total, problem])).toEqual([
      ['dropped, unknown-class', 3, null],
      ['no photo can be taken', null, expect.stringMatching(/^2 photos labelled '\?', /)],
      ['no photo can be taken', null, expect.stringContaining('n03 is not one of this collection')],
    ]);
  });

  it('reports an unreachable source, with the photos that it saw before', async () => {
    const lines = await dryRun({
      async *photos() {
        yield found('n01');
        throw new RetryLater('the list ends in the middle', { code: 'list' });
      },
    });
    expect(lines).toMatchObject([{ problem: 'the list ends in the middle' }, { wnid: 'n01', total: 1, problem: null }]);
  });

  it('shows the preview of a source that is too large to be walked', async () => {
    const line = { source: 'dump', wnid: 'n01', title: 'Anser (1)', total: null, problem: null };
    expect(
      await dryRun({
        photos: () => {
          throw new Error('walked');
        },
        async *preview() {
          yield line;
        },
      }),
    ).toEqual([line]);
  });
});
