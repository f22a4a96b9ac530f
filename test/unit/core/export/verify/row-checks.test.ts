import { describe, expect, it } from 'vitest';
import type { Protocol } from '../../../../../src/core/export/protocol.ts';
import { rowProblems, rowRules } from '../../../../../src/core/export/verify/row-checks.ts';
import { photoId } from '../../../../../src/core/export/revisions/revision-id.ts';
import type { PhotoRow } from '../../../../../src/core/export/select/photo-row.ts';
import { modeOProtocolOf, protocolOf } from '../../../../support/exported.ts';
import { photoRow } from '../../../../support/photo-files.ts';
import { sha256Of } from '../../../../support/sha256.ts';

const [TENCH, STINGRAY] = ['n01440764', 'n01498041'];
const RULE = { mode: 'A', threshold: 0.15, aggregation: 'max', members: 'any', cap: 15 } as const;
const sha256 = sha256Of('tench');
const CLASS = { wnid: TENCH, label: 0, class_name: 'tench', predicted_wnid: STINGRAY };
const right = photoRow(photoId(sha256), { ...CLASS, sha256 });

function found(change: Partial<PhotoRow>, protocol: Protocol): string[] {
  return rowProblems({ ...right, ...change }, rowRules(protocol)).map(({ check, detail }) => `${check}: ${detail}`);
}

describe('a row of mode A', () => {
  it.each(['max', 'mean'] as const)('may have a max_true_prob up to the threshold, by %s', (aggregation) => {
    const protocol = protocolOf({ rule: { ...RULE, aggregation } });
    expect(found({ max_true_prob: 0.15 }, protocol)).toEqual([]);
    expect(found({ max_true_prob: 0.150_001 }, protocol)).toEqual([
      'rule: Expected a max_true_prob of at most the threshold 0.15 but received 0.150001',
    ]);
  });

  it('may have any max_true_prob if all members must agree to drop a photo', () => {
    expect(found({ max_true_prob: 1 }, protocolOf({ rule: { ...RULE, members: 'all' } }))).toEqual([]);
  });

  it('without a max_true_prob is not said to break the rule', () => {
    expect(found({ max_true_prob: null }, protocolOf())).toEqual([
      'metadata: Expected a max_true_prob from 0 to 1 but received null',
    ]);
  });
});

it('a row of mode O may have a predicted_prob down to the confidence', () => {
  const ofConcept = { max_true_prob: null, searched_wnid: 'n99999999', predicted_wnid: TENCH };
  expect(found({ ...ofConcept, predicted_prob: 0.9 }, modeOProtocolOf())).toEqual([]);
  expect(found({ ...ofConcept, predicted_prob: 0.899_999 }, modeOProtocolOf())).toEqual([
    'rule: Expected a predicted_prob of at least 0.9 but received 0.899999',
  ]);
});
