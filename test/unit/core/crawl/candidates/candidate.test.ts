import { describe, expect, it } from 'vitest';
import { candidateOf, countRefusals, type CandidateRules } from '../../../../../src/core/crawl/candidates/candidate.ts';
import type { FoundPhoto } from '../../../../../src/core/crawl/sources/source.ts';

const rules: CandidateRules = {
  resolveLabel: (label) =>
    label === 'nothing' ? { ok: false, detail: 'no class is called nothing' } : { ok: true, wnid: label.slice(0, 3) },
  wnids: new Set(['n01', 'n02']),
  licences: ['CC0-1.0', 'CC-BY-4.0'],
};
const found: FoundPhoto = {
  source: 'folder',
  sourceId: 'a.jpg@0',
  label: 'n01 wren',
  url: 'file:///a.jpg',
  pageUrl: null,
  creator: 'Ann',
  licence: 'CC0-1.0',
  licenceUrl: null,
  problem: null,
};
const { label: _, ...photo } = found;

describe('candidateOf', () => {
  it('names the class and keeps the rights', () => {
    expect(candidateOf(found, rules)).toEqual({ ...photo, wnid: 'n01', refusal: null, queryId: null });
    expect(candidateOf(found, rules, 7).queryId).toBe(7);
  });

  it('refuses a label that names no class, and keeps the label', () => {
    expect(candidateOf({ ...found, label: 'nothing' }, rules)).toEqual({
      ...photo,
      queryId: null,
      wnid: 'nothing',
      refusal: { reason: 'unknown-class', detail: 'no class is called nothing' },
    });
  });

  it('refuses a class that the collection does not have, with its name', () => {
    expect(candidateOf({ ...found, label: 'n03 kite' }, rules)).toMatchObject({
      wnid: 'n03',
      refusal: { reason: 'unknown-class' },
    });
  });

  it('refuses a licence that is not allowed, and names it', () => {
    expect(candidateOf({ ...found, licence: 'unknown' }, rules).refusal).toEqual({
      reason: 'licence-not-allowed',
      detail: 'unknown',
    });
    expect(candidateOf({ ...found, licence: 'unknown' }, { ...rules, licences: 'any' }).refusal).toBeNull();
  });

  it('refuses a photo of before the first day of upload, but none without a day', () => {
    const days = ['2019-12-31', '2020-01-01', null];
    const candidates = days.map((uploadedAt) =>
      candidateOf({ ...found, uploadedAt }, { ...rules, since: '2020-01-01' }),
    );
    expect(candidates.map(({ refusal }) => refusal)).toEqual([
      { reason: 'too-old', detail: 'uploaded 2019-12-31' },
      null,
      null,
    ]);
    expect(countRefusals(candidates)).toEqual({ dropped: { 'too-old': 1 }, failed: {}, undated: 1 });
  });

  it("keeps the source's own problem beside its own judgement", () => {
    const problem = { state: 'failed', reason: 'truncated', detail: 'cut' } as const;
    expect(candidateOf({ ...found, problem }, rules)).toMatchObject({ problem, refusal: null });
  });
});
