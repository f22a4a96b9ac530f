import { describe, expect, it } from 'vitest';
import { mayAct, roleOfSession, roleOfToken, SESSION_MS, sessionFor, type Tokens } from '../../../src/server/access.ts';

const TOKENS: Tokens = { operator: 'o'.repeat(24), reviewer: 'r'.repeat(24), viewer: null };
const NOW_MS = 1_800_000_000_000;

describe('a token', () => {
  it.each([
    ['o'.repeat(24), 'operator'],
    ['r'.repeat(24), 'reviewer'],
    ['r'.repeat(23), null],
    ['r'.repeat(25), null],
    ['', null],
  ])('%s gives the role %s', (token, role) => {
    expect(roleOfToken(token, TOKENS)).toBe(role);
  });

  it('that is empty gives nothing where a role has none', () => {
    expect(roleOfToken('', { operator: null, reviewer: null, viewer: null })).toBeNull();
  });
});

describe('a role', () => {
  it('may what lesser ones may, and no more', () => {
    expect([mayAct('operator', 'viewer'), mayAct('reviewer', 'reviewer'), mayAct('viewer', 'reviewer')]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('a session', () => {
  const session = sessionFor('reviewer', TOKENS, NOW_MS);

  it('gives its role until it is over', () => {
    expect(roleOfSession(session, TOKENS, NOW_MS)).toBe('reviewer');
    expect(roleOfSession(session, TOKENS, NOW_MS + SESSION_MS - 1)).toBe('reviewer');
    expect(roleOfSession(session, TOKENS, NOW_MS + SESSION_MS)).toBeNull();
  });

  it('ends when any token is changed', () => {
    expect(roleOfSession(session, { ...TOKENS, operator: 'n'.repeat(24) }, NOW_MS)).toBeNull();
  });

  it.each([
    session.replace('reviewer', 'operator'),
    session.replace(/\.\d+\./, '.9999999999999.'),
    session.slice(0, -1),
    `${session}x`,
    session.split('.').slice(0, 2).join('.'),
    '',
    'operator..',
  ])('that was tampered with gives nothing: %s', (forged) => {
    expect(roleOfSession(forged, TOKENS, NOW_MS)).toBeNull();
  });
});
