import { describe, expect, it } from 'vitest';
import { Strangers } from '../../../../src/app/discover/strangers.ts';
import type { NewCandidate } from '../../../../src/candidate/candidate.ts';

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
  it('are told of once each, those of most photos first, and an empty one with what to do', () => {
    const strangers = new Strangers();
    for (const label of ['wrenn', '', 'wrenn', 'rwen']) strangers.note(unknown(label));
    strangers.note(candidate('n01', null));
    strangers.note(candidate('n01', { reason: 'licence-not-allowed', detail: 'CC-BY-4.0' }));
    expect(strangers.count).toBe(4);
    expect(strangers.sentences()).toEqual([
      "2 photos labelled 'wrenn', which is no class of the collection: the nearest name to 'wrenn' is 'wren'",
      expect.stringMatching(/^1 photo without a label: .*labels\.csv$/),
      expect.stringMatching(/^1 photo labelled 'rwen', /),
    ]);
  });

  it('are told apart only up to a number, and none is forgotten', () => {
    const strangers = new Strangers();
    for (let i = 0; i < 1_234; i += 1) strangers.note(unknown(`label ${i}`));
    expect(strangers.count).toBe(1_234);
    expect(strangers.sentences().at(-1)).toBe('1,134 photos of still other labels');
    expect(strangers.sentences()).toHaveLength(101);
  });
});
