import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { decisionSha256Of } from '../../../../../src/core/models/workspace/workspace.process.ts';
import { sha256Of } from '../../../../support/sha256.ts';

it('the rules that decisions count under have the key that they had before execution providers existed', () => {
  const identity = { modelName: 'one', modelSha256: sha256Of('one'), preprocessing: 'v1' };
  const rules = { rulesSha256: sha256Of('rules') };
  const before = JSON.stringify([rules.rulesSha256, [`${sha256Of('one')} v1`]]);
  expect(decisionSha256Of(rules, { identities: [identity] })).toBe(createHash('sha256').update(before).digest('hex'));
});
