import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Role } from '../../../../../src/core/kernel/people.ts';
import {
  holderOfSession,
  holderOfToken,
  isNameOfPerson,
  isShownIn,
  mayAct,
  reviewerCookie,
  reviewerNameOf,
  SESSION_MS,
  sessionCookie,
  sessionFor,
  sessionIn,
  shownCookie,
  tokenHoldersOf,
  type TokenHolder,
  type Visitor,
} from '../../../../../src/web/server/access/access.ts';

const VIEWER: TokenHolder = { role: 'viewer', name: null, token: 'v'.repeat(24) };
const OPERATOR: TokenHolder = { role: 'operator', name: null, token: 'o'.repeat(24) };
const ZOE: TokenHolder = { role: 'reviewer', name: 'Zoë', token: 'z'.repeat(24) };
const TOKENS = [VIEWER, OPERATOR, ZOE];
const KEY = Buffer.alloc(32, 7);
const ACCESS = { tokens: TOKENS, sessionKey: KEY };
const NOW_MS = 1_800_000_000_000;

const SETTINGS = { token: null, reviewerToken: null, viewerToken: null, people: {} };

describe('the tokens of the settings', () => {
  it('belong to roles and to people', () => {
    const people = { Zoë: { role: 'reviewer', token: ZOE.token } } as const;
    expect(tokenHoldersOf({ ...SETTINGS, token: OPERATOR.token, viewerToken: VIEWER.token, people })).toEqual(TOKENS);
    expect(tokenHoldersOf(SETTINGS)).toEqual([]);
  });

  it('are refused if two are the same, without being printed', () => {
    const people = {
      alice: { role: 'reviewer', token: 'a'.repeat(24) },
      bob: { role: 'viewer', token: 'a'.repeat(24) },
    } as const;
    expect(() => tokenHoldersOf({ ...SETTINGS, people })).toThrow(
      /^Expected a token of its own .* the same one in server\.people\.alice and in server\.people\.bob\. (?!.*aaa)/,
    );
    expect(() => tokenHoldersOf({ ...SETTINGS, token: 'x'.repeat(24), viewerToken: 'x'.repeat(24) })).toThrow(
      /in server\.viewerToken and in server\.token\./,
    );
  });

  it('are refused if two people have one name in different case', () => {
    const people = {
      Alice: { role: 'reviewer', token: 'a'.repeat(24) },
      alice: { role: 'viewer', token: 'b'.repeat(24) },
    } as const;
    expect(() => tokenHoldersOf({ ...SETTINGS, people })).toThrow(/received 'Alice' and 'alice' in server\.people/);
  });
});

describe('a token', () => {
  it.each([
    [OPERATOR.token, OPERATOR],
    [ZOE.token, ZOE],
    ['z'.repeat(23), null],
    ['z'.repeat(25), null],
    ['', null],
  ])('%s belongs to its holder', (token, holder) => {
    expect(holderOfToken(token, TOKENS)).toEqual(holder);
  });

  it('fits nothing if there are none', () => {
    expect(holderOfToken('', [])).toBeNull();
  });
});

it('a role may what lesser ones may, and no more', () => {
  expect([mayAct('operator', 'viewer'), mayAct('reviewer', 'reviewer'), mayAct('viewer', 'reviewer')]).toEqual([
    true,
    true,
    false,
  ]);
});

describe('a session', () => {
  const session = sessionFor(ZOE, KEY, NOW_MS);
  const afterChange = (tokens: readonly TokenHolder[], sessionKey = KEY): TokenHolder | null =>
    holderOfSession(session, { tokens, sessionKey }, NOW_MS);

  it('belongs to its holder until it is over', () => {
    expect(holderOfSession(session, ACCESS, NOW_MS)).toEqual(ZOE);
    expect(holderOfSession(session, ACCESS, NOW_MS + SESSION_MS - 1)).toEqual(ZOE);
    expect(holderOfSession(session, ACCESS, NOW_MS + SESSION_MS)).toBeNull();
    expect(holderOfSession(sessionFor(VIEWER, KEY, NOW_MS), ACCESS, NOW_MS)).toEqual(VIEWER);
  });

  it('ends when its token is changed or removed, or its role', () => {
    expect(afterChange([VIEWER, OPERATOR, { ...ZOE, token: 'n'.repeat(24) }])).toBeNull();
    expect(afterChange([VIEWER, OPERATOR])).toBeNull();
    expect(afterChange([VIEWER, OPERATOR, { ...ZOE, role: 'viewer' }])).toBeNull();
    expect(afterChange([VIEWER, OPERATOR, { ...ZOE, name: 'Zoe' }])).toBeNull();
  });

  it('stays when the token of another user is changed', () => {
    expect(afterChange([VIEWER, { ...OPERATOR, token: 'n'.repeat(24) }, ZOE])).toEqual(ZOE);
  });

  it('ends when the key is changed', () => {
    expect(afterChange(TOKENS, Buffer.alloc(32, 8))).toBeNull();
  });

  it('cannot be made from the tokens, nor from the key without the token', () => {
    const [claim = ''] = /^operator\.\.\d+/.exec(sessionFor(OPERATOR, KEY, NOW_MS)) ?? [];
    const signed = (secret: string | Buffer, text: string): string =>
      `${claim}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    const forged = [
      signed(JSON.stringify(TOKENS.map(({ token }) => token)), claim),
      signed(OPERATOR.token, claim),
      signed(Buffer.alloc(32), `${claim}.${OPERATOR.token}`),
      signed(KEY, claim),
      signed(KEY, `${claim}.${VIEWER.token}`),
    ];
    expect(forged.map((one) => holderOfSession(one, ACCESS, NOW_MS))).toEqual(forged.map(() => null));
  });

  it.each([
    session.replace('reviewer', 'operator'),
    session.replace(/^reviewer\.[\w-]+/, 'operator.'),
    session.replace(/^reviewer\.[\w-]+/, 'viewer.'),
    session.replace(/\.\d+\./, '.9999999999999.'),
    session.slice(0, -1),
    `${session}x`,
    session.split('.').slice(0, 3).join('.'),
    '',
    'operator...',
  ])('that was tampered with belongs to nobody: %s', (forged) => {
    expect(holderOfSession(forged, ACCESS, NOW_MS)).toBeNull();
  });
});

describe('the name of a reviewer', () => {
  const of = (role: Role, session: string | null = null): Visitor => ({ role, name: null, session });
  const operator = of('operator');
  const cookie = (name: string, session: string | null = null): string =>
    `a=b; ${reviewerCookie(name, { session }, ACCESS).split(';')[0]}`;
  const withTokens = { ...ACCESS, reviewer: 'ann' };
  const withoutTokens = { tokens: [], sessionKey: KEY, reviewer: 'ann' };

  it('is that of the token, whatever the browser keeps', () => {
    expect(reviewerNameOf({ ...of('reviewer'), name: 'Zoë' }, cookie('bob'), withTokens)).toBe('Zoë');
  });

  it('is the one that the browser keeps, for a token of a role and without tokens', () => {
    expect(reviewerNameOf(operator, cookie('José 2'), withTokens)).toBe('José 2');
    expect(reviewerNameOf(operator, cookie('bob'), withoutTokens)).toBe('bob');
  });

  it('within a session is the one that was signed with it, whatever other cookie the browser shows', () => {
    const signed = cookie('José 2', 'session');
    expect(reviewerNameOf(of('reviewer', 'session'), signed, withTokens)).toBe('José 2');
    const forged = [
      cookie('bob'),
      cookie('José 2', 'another'),
      signed.replace(/=[\w-]+\./, '=Ym9i.'),
      signed.slice(0, -1),
    ];
    expect(forged.map((one) => reviewerNameOf(of('reviewer', 'session'), one, withTokens))).toEqual(
      forged.map(() => null),
    );
  });

  it('is never given to a viewer by a cookie', () => {
    expect(reviewerNameOf(of('viewer'), cookie('bob'), withTokens)).toBeNull();
    expect(reviewerNameOf(of('viewer', 'session'), cookie('bob', 'session'), withTokens)).toBeNull();
  });

  it('is that of the server without tokens, where the browser keeps none', () => {
    expect(reviewerNameOf(operator, undefined, withoutTokens)).toBe('ann');
    expect(reviewerNameOf(operator, 'winnow_reviewer=%%%', { ...withoutTokens, reviewer: null })).toBeNull();
  });

  it('has to be asked for with the token of a role', () => {
    expect(reviewerNameOf(operator, undefined, withTokens)).toBeNull();
  });

  it('is never that of a person with a token, in whatever case', () => {
    expect(reviewerNameOf(operator, cookie('ZOË'), withTokens)).toBeNull();
    expect([isNameOfPerson('zoë', TOKENS), isNameOfPerson('Zo', TOKENS)]).toEqual([true, false]);
  });

  it('is not taken from a cookie that holds something else than a name', () => {
    const bad = Buffer.from('a\nb').toString('base64url');
    expect(reviewerNameOf(operator, `winnow_reviewer=${bad}`, { ...withoutTokens, reviewer: null })).toBeNull();
  });
});

describe('the cookie of a session', () => {
  it('is named from the key, so that servers on other ports of a host keep theirs', () => {
    const keys = [KEY, Buffer.alloc(32, 8)];
    const cookies = keys.map((sessionKey, i) => sessionCookie(`session-${i}`, { sessionKey }));
    expect(cookies[0]).toMatch(/^winnow_session_[\da-f]{8}=session-0; Path=\/; HttpOnly; SameSite=Lax; Max-Age=43200$/);
    const sent = cookies.map((cookie) => cookie.split(';')[0]).join('; ');
    expect(keys.map((sessionKey) => sessionIn(sent, { sessionKey }))).toEqual(['session-0', 'session-1']);
    expect(sessionIn('winnow_session=old', { sessionKey: KEY })).toBeNull();
  });

  it('that shows what is hidden counts for one collection, name and server', () => {
    const shown = { collection: 'demo', reviewer: 'ann' };
    const [sent] = shownCookie(shown, { sessionKey: KEY }).split(';');
    const others = [
      { ...shown, collection: 'birds' },
      { ...shown, reviewer: 'bob' },
      { ...shown, reviewer: null },
    ];
    expect(isShownIn(sent, shown, { sessionKey: KEY })).toBe(true);
    expect(others.map((one) => isShownIn(sent, one, { sessionKey: KEY }))).toEqual([false, false, false]);
    expect(isShownIn(sent, shown, { sessionKey: Buffer.alloc(32, 8) })).toBe(false);
  });
});
