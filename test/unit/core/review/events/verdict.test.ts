import { describe, expect, it } from 'vitest';
import { toSha256 } from '../../../../../src/core/kernel/ids.ts';
import type { ReviewAction, ReviewEvent } from '../../../../../src/core/review/events/event.ts';
import { blindPartOf, verdictOf } from '../../../../../src/core/review/events/verdict.ts';

type Step = readonly [reviewer: string, action: ReviewAction];

const judge = (verdict: 'accept' | 'reject' | 'unsure', reason: 'wrong-class' | null = null): ReviewAction => ({
  kind: 'verdict',
  value: { verdict, reason, shownBy: 'confusions' },
  undoes: null,
});
const accept = judge('accept');
const reject = judge('reject', 'wrong-class');
const unsure = judge('unsure');
const tag = (...tags: string[]): ReviewAction => ({ kind: 'tag', value: { tags }, undoes: null });
const also = (...alsoWnids: string[]): ReviewAction => ({ kind: 'also', value: { alsoWnids }, undoes: null });
const note = (text: string): ReviewAction => ({ kind: 'note', value: { note: text }, undoes: null });
const flag = (flagged: boolean): ReviewAction => ({ kind: 'flag', value: { flagged }, undoes: null });
const undo = (undoes: number): ReviewAction => ({ kind: 'undo', value: null, undoes });
const redo = (undoes: number): ReviewAction => ({ kind: 'redo', value: null, undoes });

function events(...steps: Step[]): ReviewEvent[] {
  return steps.map(([reviewer, action], i) => ({
    ...action,
    id: i + 1,
    at: `2026-11-26T12:00:${String(i).padStart(2, '0')}.000Z`,
    reviewer,
    client: reviewer,
    sequence: i + 1,
    sha256: toSha256('a'.repeat(64)),
    wnid: 'n01440764',
  }));
}

const stateOf = (...steps: Step[]): unknown[] => {
  const { state, decidedBy, reason } = verdictOf(events(...steps));
  return [state, decidedBy, reason];
};

const ACTIONS: Readonly<Record<string, ReviewAction>> = {
  accepts: accept,
  rejects: judge('reject'),
  'rejects for a reason': reject,
  'is unsure': unsure,
  tags: tag('blur'),
};

/** `ana accepts, bo is unsure` */
function stepsOf(text: string): Step[] {
  return text.split(', ').flatMap((one): Step[] => {
    const [reviewer = '', ...what] = one.split(' ');
    const action = ACTIONS[what.join(' ')];
    return action === undefined ? [] : [[reviewer, action]];
  });
}

describe('the verdict of a photo', () => {
  it.each([
    ['', 'unreviewed', null, null],
    ['ana tags', 'unreviewed', null, null],
    ['ana accepts', 'accepted', 'single', null],
    ['ana rejects for a reason', 'rejected', 'single', 'wrong-class'],
    ['ana is unsure', 'unsure', 'single', null],
    ['ana accepts, ana rejects for a reason', 'rejected', 'single', 'wrong-class'],
    ['ana accepts, bo accepts', 'accepted', 'agreement', null],
    ['ana rejects, bo rejects for a reason', 'rejected', 'agreement', 'wrong-class'],
    ['ana accepts, bo rejects', 'disputed', null, null],
    ['ana is unsure, bo accepts', 'accepted', 'single', null],
    ['ana is unsure, bo is unsure', 'unsure', 'agreement', null],
    ['ana is unsure, bo accepts, cy rejects', 'disputed', null, null],
  ])('if %s is %s', (text, ...expected) => {
    expect(stateOf(...stepsOf(text))).toEqual(expected);
  });

  it('is that of an adjudication, whatever is said before and after it', () => {
    const adjudicate: ReviewAction = { kind: 'adjudicate', value: { verdict: 'accept', reason: null }, undoes: null };
    const settled: Step[] = [...stepsOf('ana accepts, bo rejects'), ['cy', adjudicate]];
    expect(stateOf(...settled, ['dee', reject])).toEqual(['accepted', 'adjudication', null]);
    expect(stateOf(...settled, ['cy', undo(3)])).toEqual(['disputed', null, null]);
  });

  it('names an import as what decided, unless a reviewer agrees with it', () => {
    const imported: ReviewAction = {
      kind: 'import',
      value: { verdict: 'reject', reason: 'low-quality', note: 'from a table' },
      undoes: null,
    };
    expect(stateOf(['ana', imported])).toEqual(['rejected', 'import', 'low-quality']);
    expect(verdictOf(events(['ana', imported])).reviews).toMatchObject([
      { note: 'from a table', shownBy: null, pass: 1 },
    ]);
    expect(stateOf(['ana', imported], ['bo', judge('reject')])).toEqual(['rejected', 'agreement', 'low-quality']);
  });

  it('orders passes that were imported by their times, and leaves other passes where they are', () => {
    const imported: ReviewAction = {
      kind: 'import',
      value: { verdict: 'accept', reason: null, note: '' },
      undoes: null,
    };
    const hours = ['10', '11', '09', '08'];
    const given = events(['ana', imported], ['bo', accept], ['cem', imported], ['dan', imported]);
    const { reviews } = verdictOf(given.map((one, i) => ({ ...one, at: `2026-11-25T${hours[i]}:00:00.000Z` })));
    expect(reviews.map(({ reviewer }) => reviewer)).toEqual(['dan', 'bo', 'cem', 'ana']);
  });
});

describe('the further classes of a photo', () => {
  const alsoOf = (...steps: Step[]): readonly string[] => verdictOf(events(...steps)).alsoWnids;

  it('are those that any reviewer names whose verdict is the photo’s', () => {
    expect(alsoOf(['ana', also('n2', 'n3')])).toEqual([]);
    expect(alsoOf(['ana', accept], ['ana', also('n2', 'n3')])).toEqual(['n2', 'n3']);
    expect(alsoOf(['ana', accept], ['ana', also('n3')], ['bo', also('n2')], ['bo', accept])).toEqual(['n2', 'n3']);
    expect(alsoOf(['ana', also('n2')], ['ana', accept], ['bo', also('n3')], ['bo', unsure])).toEqual(['n2']);
    expect(alsoOf(['ana', also('n2')], ['ana', accept], ['bo', reject])).toEqual([]);
  });

  it('are of the reviews also after a dispute is settled, and not of the person who settles it', () => {
    const dispute: Step[] = [
      ['ana', also('n2')],
      ['ana', accept],
      ['bo', reject],
      ['cy', { kind: 'adjudicate', value: { verdict: 'accept', reason: null }, undoes: null }],
    ];
    expect(alsoOf(...dispute)).toEqual(['n2']);
    expect(alsoOf(...dispute, ['cy', also('n3')])).toEqual(['n2']);
  });

  it('come and go with undo and redo', () => {
    const named: Step[] = [
      ['ana', also('n2')],
      ['ana', also('n2', 'n3')],
      ['ana', accept],
    ];
    expect(alsoOf(...named, ['ana', undo(2)])).toEqual(['n2']);
    expect(alsoOf(...named, ['ana', undo(2)], ['ana', redo(4)])).toEqual(['n2', 'n3']);
  });
});

describe('the blind verdict of a reviewer', () => {
  const blind = (verdict: 'accept' | 'reject'): ReviewAction => ({
    kind: 'verdict',
    value: { verdict, reason: null, shownBy: 'confusions', isBlind: true },
    undoes: null,
  });
  const imported: ReviewAction = { kind: 'import', value: { verdict: 'reject', reason: null, note: '' }, undoes: null };
  const blindVerdicts = (...steps: Step[]): unknown[] =>
    verdictOf(events(...steps)).reviews.map(({ reviewer, blindVerdict }) => `${reviewer} ${blindVerdict}`);

  it('is the last one that the reviewer gave without knowing the other', () => {
    expect(blindVerdicts(['ana', blind('accept')], ['ana', blind('reject')])).toEqual(['ana reject']);
    expect(blindVerdicts(['ana', blind('accept')], ['ana', blind('reject')], ['bo', blind('accept')])).toEqual([
      'ana reject',
      'bo accept',
    ]);
  });

  it('stays what it was when a reviewer who has seen the other one decides again, also after an undo', () => {
    const both: Step[] = [
      ['ana', blind('accept')],
      ['bo', blind('reject')],
    ];
    expect(blindVerdicts(...both, ['bo', accept])).toEqual(['ana accept', 'bo reject']);
    // A server of an earlier version has stored such a verdict as blind.
    expect(blindVerdicts(...both, ['bo', undo(2)], ['bo', blind('accept')])).toEqual(['ana accept', 'bo reject']);
    expect(blindVerdicts(...both, ['ana', undo(1)], ['ana', blind('reject')])).toEqual(['ana accept', 'bo reject']);
    expect(blindVerdicts(...both, ['bo', undo(2)], ['bo', redo(3)])).toEqual(['ana accept', 'bo reject']);
    expect(blindVerdicts(...both, ['ana', undo(1)], ['ana', imported])).toEqual(['ana accept', 'bo reject']);
  });

  it('is not one that was taken back before the other one could be seen', () => {
    expect(blindVerdicts(['ana', blind('accept')], ['ana', undo(1)], ['ana', blind('reject')])).toEqual(['ana reject']);
    const undone: Step[] = [
      ['ana', blind('accept')],
      ['ana', undo(1)],
      ['bo', blind('reject')],
    ];
    expect(blindVerdicts(...undone, ['ana', accept])).toEqual(['ana null', 'bo reject']);
  });

  it('is none after an adjudication, which shows the verdict of another reviewer', () => {
    const settle: ReviewAction = { kind: 'adjudicate', value: { verdict: 'accept', reason: null }, undoes: null };
    const settled: Step[] = [
      ['ana', blind('reject')],
      ['cy', settle],
    ];
    expect(blindVerdicts(...settled, ['bo', blind('accept')])).toEqual(['ana reject', 'bo null']);
    expect(blindVerdicts(...settled, ['cy', undo(2)], ['bo', blind('accept')])).toEqual(['ana reject', 'bo null']);
  });

  it('is not lost because the verdict of another reviewer was not blind', () => {
    expect(blindVerdicts(['ana', reject], ['bo', blind('accept')])).toEqual(['ana null', 'bo accept']);
  });

  it('is the last one once pages could show another verdict, which they could not before', () => {
    const seen = (reviewer: string, ...steps: Step[]) => blindPartOf(events(...steps), reviewer);
    const both: Step[] = [
      ['ana', blind('accept')],
      ['bo', blind('reject')],
    ];
    expect(seen('ana', ...both.slice(0, 1))).toEqual({ said: 'accept', hasSeen: false });
    expect(seen('bo', ...both.slice(0, 1))).toEqual({ said: null, hasSeen: false });
    expect(['ana', 'bo', 'cy'].map((reviewer) => seen(reviewer, ...both))).toEqual([
      { said: 'accept', hasSeen: true },
      { said: 'reject', hasSeen: true },
      { said: null, hasSeen: false },
    ]);
    expect(seen('ana', ['ana', accept])).toEqual({ said: null, hasSeen: true });
  });

  it('of an import is what it says', () => {
    expect(blindVerdicts(['ana', blind('accept')], ['bo', imported])).toEqual(['ana accept', 'bo reject']);
  });
});

describe('undo and redo', () => {
  it('restore every field', () => {
    const before: Step[] = [
      ['ana', tag('blur', 'crop')],
      ['ana', note('a swan?')],
      ['ana', flag(true)],
      ['ana', accept],
    ];
    const changed: Step[] = [
      ['ana', reject],
      ['ana', tag()],
      ['ana', note('')],
      ['ana', flag(false)],
    ];
    const undone = ([8, 7, 6, 5] as const).map((id): Step => ['ana', undo(id)]);
    const redone = ([9, 10, 11, 12] as const).map((id): Step => ['ana', redo(id)]);
    const first = verdictOf(events(...before));
    expect(first).toMatchObject({ state: 'accepted', tags: ['blur', 'crop'], note: 'a swan?', flagged: true });
    const second = verdictOf(events(...before, ...changed));
    expect(second).toMatchObject({ state: 'rejected', tags: [], note: '', flagged: false });
    expect(verdictOf(events(...before, ...changed, ...undone))).toEqual(first);
    expect(verdictOf(events(...before, ...changed, ...undone, ...redone))).toEqual(second);
  });

  it('of one verdict leave the other reviewer the second one', () => {
    const { reviews } = verdictOf(events(['ana', accept], ['bo', accept], ['ana', undo(1)], ['ana', reject]));
    expect(reviews.map(({ reviewer, pass, verdict }) => [reviewer, pass, verdict])).toEqual([
      ['ana', 1, 'reject'],
      ['bo', 2, 'accept'],
    ]);
  });
});
