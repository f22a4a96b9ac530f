import { describe, expect, it } from 'vitest';
import { MOST_PHOTOS_AT_ONCE } from '../../../../../../src/core/review/desk/desk.ts';
import { toSha256 } from '../../../../../../src/core/kernel/ids.ts';
import {
  batchOf,
  FIRST_PACE,
  inOrder,
  joined,
  othersText,
  failureOf,
  splitAction,
  PHOTOS_IN_REQUEST,
  setAsideText,
  stepAfter,
  type Failure,
  type BatchRules,
} from '../../../../../../src/web/pages/review/store/outbox-rules.ts';

/** `b2@07`: action 2 of tab b, done seven seconds after the hour. */
function action(text: string, photos = 1) {
  const [, client = '', number, second] = /^([a-z])(\d+)@(\d+)$/.exec(text) ?? [];
  const sequence = Number(number);
  const subjects = Array.from({ length: photos }, (_, i) => ({
    sha256: toSha256(String(i).padStart(64, '0')),
    wnid: 'n01440764',
  }));
  const at = `2026-11-26T12:00:${second}.000Z`;
  return { client, sequence, action: { sequence, at, kind: 'flag', subjects, value: { flagged: true } } as const };
}

const actions = (...texts: string[]) => texts.map((text) => action(text));
const names = (ordered: readonly { readonly client: string; readonly sequence: number }[]): string =>
  ordered.map(({ client, sequence }) => `${client}${sequence}`).join(' ');

it('a page sends as many photos in a request as the server takes', () => {
  expect(PHOTOS_IN_REQUEST).toBe(MOST_PHOTOS_AT_ONCE);
});

it.each([
  ['follows the numbers within a tab, even if the clock was set back', 'a3@01 a1@30 a10@02 a2@05', 'a1 a2 a3 a10'],
  ['takes tabs by their first action, whatever they did later', 'a1@10 a2@40 b1@05 b2@50 c7@20', 'b1 b2 a1 a2 c7'],
])('the order of what is sent %s', (_, given, expected) => {
  expect(names(inOrder(actions(...given.split(' '))))).toBe(expected);
});

describe('a request with actions', () => {
  it('holds 50 actions of one tab, or one if they are sent alone', () => {
    const queue = [...Array.from({ length: 60 }, (_, i) => action(`a${i + 1}@00`)), ...actions('b1@00')];
    expect(batchOf(queue, FIRST_PACE).length).toBe(50);
    expect(names(batchOf(queue.slice(58), FIRST_PACE))).toBe('a59 a60');
    expect(names(batchOf(queue, { ...FIRST_PACE, isAlone: true }))).toBe('a1');
  });

  it('holds no more than 300 photos, unless one action has more', () => {
    const queue = [action('a1@00', 299), ...actions('a2@00', 'a3@00')];
    expect(names(batchOf(queue, FIRST_PACE))).toBe('a1 a2');
    expect(names(batchOf([action('a1@00', 301), action('a2@00')], FIRST_PACE))).toBe('a1');
  });
});

it.each([
  ['final', null, [400, 410, 413]],
  ['final', 'sequence-taken', [409]],
  ['final', 'cannot-undo', [409]],
  ['later', null, [0, 401, 403, 404, 408, 409, 429, 502, 503, 504]],
  ['later', 'bad-collection', [409]],
  ['failed', null, [500, 501, 507]],
])('a failure is %s with the code %s and the status %j', (expected, code, statuses) => {
  expect(new Set(statuses.map((status) => failureOf({ status, code })))).toEqual(new Set([expected]));
});

/** Sends the queue to a server that answers so to each request that holds one of the bad actions. Returns what was done. */
function sendAll(count: number, failure: Failure, bad: readonly number[]): string[] {
  let queue = Array.from({ length: count }, (_, i) => action(`a${i + 1}@00`));
  let pace: BatchRules = FIRST_PACE;
  const done: string[] = [];
  for (let requests = 0; queue.length > 0 && requests < 30; requests += 1) {
    const batch = batchOf(queue, pace);
    const isBad = batch.some(({ sequence }) => bad.includes(sequence));
    const step = stepAfter(isBad ? failure : 'stored', batch.length, pace);
    done.push(`${step.do} ${names(batch)}`);
    if (step.do === 'drop' || step.do === 'set-aside') queue = queue.slice(batch.length);
    pace = step.pace;
  }
  return done;
}

describe('sending', () => {
  it('sends several refused actions one by one until one is set aside', () => {
    expect(sendAll(4, 'final', [2])).toEqual(['go-on a1 a2 a3 a4', 'drop a1', 'set-aside a2', 'drop a3 a4']);
  });

  it('sets an action aside after five failures of the server for its batch and five for itself, and goes on', () => {
    const four = (text: string): string[] => Array.from({ length: 4 }, () => text);
    expect(sendAll(3, 'failed', [2])).toEqual([
      ...four('wait a1 a2 a3'),
      'go-on a1 a2 a3',
      'drop a1',
      ...four('wait a2'),
      'set-aside a2',
      'drop a3',
    ]);
  });

  it('waits longer and longer, up to 15 seconds, as long as the server is away', () => {
    let pace: BatchRules = FIRST_PACE;
    const waits = Array.from({ length: 7 }, () => {
      const { delayMs } = pace;
      const step = stepAfter('later', 3, pace);
      pace = step.pace;
      return [step.do, delayMs];
    });
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000].map((ms) => ['wait', ms]));
    expect(stepAfter('stored', 3, pace).pace).toEqual(FIRST_PACE);
  });
});

it('a person is told what is set aside, and whose actions wait for another login', () => {
  expect([setAsideText([]), othersText([])]).toEqual([null, null]);
  expect(setAsideText([{ problem: 'no such photo' }])).toContain('did not take a decision: no such photo');
  expect(setAsideText([{ problem: 'old' }, { problem: 'new' }])).toContain('2 decisions, the last because: new');
  expect(othersText(['Ana', 'Ana', 'Ben'].map((reviewer) => ({ reviewer })))).toContain('3 actions of Ana and Ben');
});

describe('a decision on more photos than a request may hold', () => {
  it('is sent in parts that have all of its photos in their order', () => {
    const { action: large } = action('a3@01', 55_000);
    const parts = splitAction(large);
    expect(parts.map((part) => [part.sequence, part.part, 'subjects' in part && part.subjects.length])).toEqual([
      [3, 1, 20_000],
      [3, 2, 20_000],
      [3, 3, 15_000],
    ]);
    expect(parts.flatMap((part) => ('subjects' in part ? part.subjects : []))).toEqual(large.subjects);
  });

  it('is one action to the page: its answers are added up, and later counts of a class replace earlier ones', () => {
    const progress = { wnid: 'n01', name: 'one', listed: 9, accepted: 0, rejected: 0, unsure: 0, disputed: 0 };
    const answer = (stored: number, open: number) => ({
      results: [{ sequence: 3, stored, skipped: 1 }],
      photos: [],
      classes: [{ ...progress, open }],
    });
    expect(joined([answer(4, 5), answer(5, 0)])).toEqual({
      results: [{ sequence: 3, stored: 9, skipped: 2 }],
      photos: [],
      classes: [{ ...progress, open: 0 }],
    });
  });

  it('of fewer photos is sent as it is', () => {
    const { action: small } = action('a3@01', 20_000);
    expect(splitAction(small)).toEqual([small]);
  });
});
