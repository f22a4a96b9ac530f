import { describe, expect, it } from 'vitest';
import { reportLinks } from '../../../../src/web/server/report-links.ts';
import { parseView } from '../../../../src/web/pages/review/view-url.ts';

describe('reportLinks', () => {
  const accepted = reportLinks('birds', 'accepted');
  const listed = reportLinks('birds', 'listed');
  const kept = reportLinks('birds', 'kept');
  const filterOf = (address: string | null) =>
    Object.fromEntries(
      Object.entries(parseView(new URL(address ?? '', 'http://x').search).filter).filter(
        ([, value]) => value !== undefined,
      ),
    );

  it('leads to accepted photos only if the report is of these', () => {
    const confusion = ['confusion', 'n1', { predictedWnid: 'n2' }] as const;
    expect(filterOf(accepted(...confusion))).toEqual({ wnid: 'n1', confusion: 'n2', state: 'accepted' });
    expect(filterOf(listed(...confusion))).toEqual({ wnid: 'n1', confusion: 'n2' });
    expect(filterOf(accepted('class', 'n1'))).toEqual({ wnid: 'n1', state: 'accepted' });
    expect(filterOf(accepted('tag', 'a & b'))).toEqual({ tag: 'a & b', state: 'accepted' });
    expect(filterOf(accepted('source', 'flickr'))).toEqual({ source: 'flickr', state: 'accepted' });
  });

  it('leads from a stage of the funnel to its photos, and nowhere if no page shows them', () => {
    const stages = ['found', 'fetched', 'kept', 'listed', 'accepted'] as const;
    expect(stages.map((stage) => accepted('class', 'n1', { stage }))).toEqual([
      null,
      null,
      '/c/birds/sheet/class?id=n1',
      '/c/birds/review/grid?class=n1',
      '/c/birds/review/grid?class=n1&state=accepted',
    ]);
    expect(stages.map((stage) => listed('source', 'flickr', { stage }))).toEqual([
      null,
      null,
      null,
      '/c/birds/review/grid?source=flickr',
      '/c/birds/review/grid?source=flickr&state=accepted',
    ]);
    expect(listed('stage', 'listed', {})).toBe('/c/birds/review/grid');
  });

  it('never leads from all kept photos to a grid, which has listed ones only', () => {
    expect(kept('class', 'n1')).toBe('/c/birds/sheet/class?id=n1');
    expect([kept('confusion', 'n1', { predictedWnid: 'n2' }), kept('source', 'flickr'), kept('tag', 'dark')]).toEqual([
      null,
      null,
      null,
    ]);
  });
});
