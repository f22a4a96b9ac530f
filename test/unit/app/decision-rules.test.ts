import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decisionSha256Of } from '../../../src/app/open/workspace.ts';
import type { MemberIdentity } from '../../../src/evidence/member.ts';
import { sha256Of } from '../../support/sha256.ts';

const RULES = { rulesSha256: sha256Of('rules') };

function rulesOn(executionProvider: MemberIdentity['executionProvider']): string {
  const identity = { modelName: 'one', modelSha256: sha256Of('one'), preprocessing: 'v1', executionProvider };
  return decisionSha256Of(RULES, { identities: [identity] });
}

describe('the rules that decisions count under', () => {
  it('have the same key on the cpu as before execution providers were a part of it', () => {
    const before = JSON.stringify([RULES.rulesSha256, [`${sha256Of('one')} v1`]]);
    expect(rulesOn('cpu')).toBe(createHash('sha256').update(before).digest('hex'));
  });

  it('have another key on every other execution provider', () => {
    expect(new Set([rulesOn('cpu'), rulesOn('cuda'), rulesOn('coreml'), rulesOn('dml')]).size).toBe(4);
  });
});
