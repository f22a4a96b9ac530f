import { describe, expect, it } from 'vitest';
import { toSha256 } from '../../../../../../src/core/kernel/ids.ts';
import type { ReviewActionStored, ReviewChange } from '../../../../../../src/core/review/desk/desk.ts';
import {
  afterAction,
  lastDecisions,
  madeAction,
  NO_HISTORY,
  refOf,
  storedAction,
  withoutAction,
  withoutReversal,
  type History,
} from '../../../../../../src/web/pages/review/store/history.ts';
import { seededRandom } from '../../../../../support/random.ts';

const AT = '2026-11-26T12:00:00.000Z';
const subjectOf = (photo: number) => ({ sha256: toSha256(String(photo).padStart(64, '0')), wnid: 'n01440764' });

function verdict(sequence: number, photo = sequence, photos = 1): ReviewActionStored {
  const value = { verdict: 'accept', reason: null } as const;
  return { client: 'tab', sequence, at: AT, kind: 'verdict', value, subject: subjectOf(photo), photos };
}

function takenBack(kind: 'undo' | 'redo', sequence: number, of: number): ReviewActionStored {
  return { ...verdict(sequence), kind, of: { client: 'tab', sequence: of } };
}

const historyOf = (...actions: ReviewActionStored[]): History =>
  actions.map(storedAction).reduce(afterAction, NO_HISTORY);

describe('the history of a reviewer', () => {
  it('undoes the action itself again after a redo, and a bulk decision as one action', () => {
    const redone = historyOf(verdict(1, 1, 40), takenBack('undo', 2, 1), takenBack('redo', 3, 2));
    expect(redone).toMatchObject({ done: [{ sequence: 1, photos: 40 }], undone: [] });
    const again = afterAction(redone, storedAction(takenBack('undo', 4, 1)));
    expect(again.undone).toMatchObject([{ undo: { sequence: 4 } }]);
  });

  it('reads actions of the server, which have fields of other kinds', () => {
    const tag = { ...verdict(2), kind: 'tag', of: null, value: { tags: ['pose'] } } as unknown as ReviewActionStored;
    const after = historyOf(verdict(1), tag);
    expect(after.done.at(-1)).toMatchObject({ sequence: 2, judgement: null });
    expect(lastDecisions(after, 10)).toHaveLength(1);
  });

  it('leaves out an undo and a redo of actions that the server no longer lists', () => {
    expect(historyOf(takenBack('undo', 5, 1), takenBack('redo', 6, 4))).toEqual(NO_HISTORY);
  });

  it('lists the last decisions once for each photo, without those taken back', () => {
    const history = historyOf(verdict(1, 7), verdict(2, 8), verdict(3, 7), verdict(4, 9), takenBack('undo', 5, 4));
    const last = (count: number) => lastDecisions(history, count).map(({ sequence }) => sequence);
    expect([last(10), last(1)]).toEqual([[2, 3], [3]]);
  });

  it('is without a refused action', () => {
    const undone = historyOf(verdict(1), takenBack('undo', 2, 1), verdict(3));
    const ref = (sequence: number) => ({ client: 'tab', sequence });
    expect(withoutAction(historyOf(verdict(1), verdict(2)), ref(2)).done).toMatchObject([{ sequence: 1 }]);
    // A new action cuts the list of undone ones.
    expect(withoutAction(undone, ref(2))).toEqual(undone);
  });

  it('without a refused undo or redo has what it took back, also after a later action', () => {
    const [first] = historyOf(verdict(1)).done;
    if (first === undefined) throw new Error('Expected an action');
    const ref = (sequence: number) => ({ client: 'tab', sequence });
    const [undo, redo] = [
      { ...ref(2), kind: 'undo', of: ref(1) },
      { ...ref(3), kind: 'redo', of: ref(2) },
    ] as const;
    const undone = historyOf(verdict(1), takenBack('undo', 2, 1));
    expect(withoutReversal(undone, undo, first)).toEqual({ done: [first], undone: [] });
    const later = historyOf(verdict(1), takenBack('undo', 2, 1), verdict(4));
    expect(withoutReversal(later, undo, first).done.map(({ sequence }) => sequence)).toEqual([4, 1]);
    const redone = historyOf(verdict(1), takenBack('undo', 2, 1), takenBack('redo', 3, 2));
    expect(withoutReversal(redone, redo, first)).toEqual(undone);
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
  for (let sequence = 1; sequence <= 60; sequence += 1) {
    const target = random.pick(['do', 'do', 'undo', 'undo', 'redo']);
    const undone = history.done.at(-1);
    const redone = history.undone.at(-1);
    let change: ReviewChange = { kind: 'flag', subjects: [subjectOf(sequence)], value: { flagged: true } };
    if (target === 'undo' && undone !== undefined) change = { kind: 'undo', of: refOf(undone) };
    if (target === 'redo' && redone !== undefined) change = { kind: 'redo', of: redone.undo };
    if (change.kind === 'undo') cursor -= 1;
    else if (change.kind === 'redo') cursor += 1;
    else {
      list = [...list.slice(0, cursor), sequence];
      cursor += 1;
    }
    const action = madeAction({ client: 'tab', sequence }, change);
    if (action !== null) history = afterAction(history, action);
    expect(history.done.map((one) => one.sequence)).toEqual(list.slice(0, cursor));
    expect(history.undone.map((one) => one.action.sequence)).toEqual(list.slice(cursor).toReversed());
  }
}
