import { describe, expect, it } from 'vitest';
import type { ReviewActionStored, ReviewChange } from '../../../../src/review/desk/desk.ts';
import type { Judgement } from '../../../../src/review/events/event.ts';
import { toSha256 } from '../../../../src/kernel/ids.ts';
import {
  afterAction,
  historyOf,
  lastDecisions,
  nextRedo,
  nextUndo,
  NO_HISTORY,
  refOf,
  storedForm,
  type History,
} from '../../../../src/ui/review/history.ts';
import { seededRandom } from '../../../support/random.ts';

const AT = '2026-11-26T12:00:00.000Z';
const subjectOf = (photo: number) => ({ sha256: toSha256(String(photo).padStart(64, '0')), wnid: 'n01440764' });
const ACCEPT: Judgement = { verdict: 'accept', reason: null };

function verdict(sequence: number, photo = sequence, photos = 1): ReviewActionStored {
  return { client: 'tab', sequence, at: AT, kind: 'verdict', value: ACCEPT, subject: subjectOf(photo), photos };
}

function undo(sequence: number, of: number): ReviewActionStored {
  return {
    client: 'tab',
    sequence,
    at: AT,
    kind: 'undo',
    of: { client: 'tab', sequence: of },
    subject: subjectOf(of),
    photos: 1,
  };
}

function redo(sequence: number, of: number): ReviewActionStored {
  return { ...undo(sequence, of), kind: 'redo', of: { client: 'tab', sequence: of } };
}

describe('the history of a reviewer', () => {
  it('takes back the last action first, and brings back what was taken back last', () => {
    const after = historyOf([verdict(1), verdict(2), verdict(3), undo(4, 3), undo(5, 2)]);
    expect(nextUndo(after)?.sequence).toBe(1);
    expect(nextRedo(after)).toMatchObject({ action: { sequence: 2 }, undo: { sequence: 5 } });
  });

  it('undoes the action itself again after a redo', () => {
    const after = historyOf([verdict(1), undo(2, 1), redo(3, 2)]);
    expect([nextUndo(after)?.sequence, nextRedo(after)]).toEqual([1, null]);
    expect(nextRedo(historyOf([verdict(1), undo(2, 1), redo(3, 2), undo(4, 1)]))?.undo.sequence).toBe(4);
  });

  it('has nothing to redo after a new action', () => {
    expect(nextRedo(historyOf([verdict(1), undo(2, 1), verdict(3)]))).toBeNull();
  });

  it('reads actions of the server, which have fields of other kinds', () => {
    const fields = { of: null, value: { tags: ['pose'] } };
    const tag = { ...verdict(2), kind: 'tag', ...fields } as unknown as ReviewActionStored;
    const after = historyOf([verdict(1), tag]);
    expect(nextUndo(after)).toMatchObject({ sequence: 2, judgement: null });
    expect(lastDecisions(after, 10)).toHaveLength(1);
  });

  it('takes back a bulk decision as one action', () => {
    const after = historyOf([verdict(1), verdict(2, 2, 40)]);
    expect(nextUndo(after)).toMatchObject({ sequence: 2, photos: 40 });
    expect(nextUndo(afterAction(after, undo(3, 2)))?.sequence).toBe(1);
  });

  it('leaves out an undo and a redo of actions that the server no longer lists', () => {
    expect(historyOf([undo(5, 1), redo(6, 4)])).toEqual(NO_HISTORY);
  });

  it('lists the last decisions once for each photo, without those taken back', () => {
    const actions = [verdict(1, 7), verdict(2, 8), verdict(3, 7), verdict(4, 9), undo(5, 4)];
    expect(lastDecisions(historyOf(actions), 10).map(({ sequence }) => sequence)).toEqual([2, 3]);
    expect(lastDecisions(historyOf(actions), 1).map(({ sequence }) => sequence)).toEqual([3]);
  });

  it('does what a list with a cursor does, whatever the order of actions, undos and redos', () => {
    for (let seed = 0; seed < 60; seed += 1) expectLikeList(seed);
  });
});

/** A list of actions and a cursor behind the last that stands. Undo and redo move the cursor; a new action cuts the list there. */
function expectLikeList(seed: number): void {
  const random = seededRandom(seed);
  let list: number[] = [];
  let cursor = 0;
  let history: History = NO_HISTORY;
  const actions: ReviewActionStored[] = [];
  for (let sequence = 1; sequence <= 60; sequence += 1) {
    const target = random.pick(['do', 'do', 'undo', 'undo', 'redo']);
    const undone = nextUndo(history);
    const redone = nextRedo(history);
    let change: ReviewChange = { kind: 'flag', subjects: [subjectOf(sequence)], value: { flagged: true } };
    if (target === 'undo' && undone !== null) change = { kind: 'undo', of: refOf(undone) };
    if (target === 'redo' && redone !== null) change = { kind: 'redo', of: redone.undo };
    if (change.kind === 'undo') cursor -= 1;
    else if (change.kind === 'redo') cursor += 1;
    else {
      list = [...list.slice(0, cursor), sequence];
      cursor += 1;
    }
    const stored = storedForm(change, { ref: { client: 'tab', sequence }, at: AT, history });
    if (stored === null) throw new Error(`Expected a stored form of ${JSON.stringify(change)}`);
    actions.push(stored);
    history = afterAction(history, stored);
    expect(history.done.map((one) => one.sequence)).toEqual(list.slice(0, cursor));
    expect(history.undone.map(({ action }) => action.sequence)).toEqual(list.slice(cursor).toReversed());
  }
  expect(historyOf(actions)).toEqual(history);
}
