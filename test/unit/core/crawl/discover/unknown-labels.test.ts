import { describe, expect, it } from 'vitest';
import { UnknownLabels } from '../../../../../src/core/crawl/discover/unknown-labels.ts';
import type { NewCandidate } from '../../../../../src/core/crawl/candidates/candidate.ts';

function candidate(wnid: string, refusal: NewCandidate['refusal']): NewCandidate {
  return {
    source: 'folder',
    sourceId: 'a',
    wnid,
    url: 'file:///a',
    pageUrl: null,
    creator: null,
    licence: 'unknown',
    licenceUrl: null,
    problem: null,
    queryId: null,
    refusal,
  };
}

const unknown = (label: string): NewCandidate =>
  candidate(label, { reason: 'unknown-class', detail: `the nearest name to '${label}' is 'wren'` });

describe('labels that name no class', () => {
  it('are reported once each, those with the most photos first, and a missing label with advice', () => {
    const unknownLabels = new UnknownLabels();
    for (const label of ['wrenn', '', 'wrenn', 'rwen']) unknownLabels.note(unknown(label));
    unknownLabels.note(candidate('n01', null));
    unknownLabels.note(candidate('n01', { reason: 'licence-not-allowed', detail: 'CC-BY-4.0' }));
    expect(unknownLabels.count).toBe(4);
    expect(unknownLabels.sentences()).toEqual([
      "2 photos labelled 'wrenn', which is not a class of the collection: the nearest name to 'wrenn' is 'wren'",
      expect.stringMatching(/^1 photo without a label: .*labels\.csv$/),
      expect.stringMatching(/^1 photo labelled 'rwen', /),
    ]);
  });

  it('are listed only up to a limit, and the other photos are counted', () => {
    const unknownLabels = new UnknownLabels();
    for (let i = 0; i < 1_234; i += 1) unknownLabels.note(unknown(`label ${i}`));
    expect(unknownLabels.count).toBe(1_234);
    expect(unknownLabels.sentences().at(-1)).toBe('1,134 photos with other labels');
    expect(unknownLabels.sentences()).toHaveLength(101);
  });
});
