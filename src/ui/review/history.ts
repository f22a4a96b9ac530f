import type { ActionRef, ReviewActionStored, ReviewChange } from '../../review/desk/desk.ts';
import type { Judgement, Subject } from '../../review/events/event.ts';

/** An action that can be undone. */
export interface DoneAction extends ActionRef {
  readonly kind: Exclude<ReviewActionStored['kind'], 'undo' | 'redo'>;
  /** Null for tags, notes and flags. */
  readonly judgement: Judgement | null;
  /** The first photo. */
  readonly subject: Subject;
  /** Number of photos. */
  readonly photos: number;
}

/** An undone action, and the undo that a redo reverts. */
export interface UndoneAction {
  readonly action: DoneAction;
  readonly undo: ActionRef;
}

/** The undo and redo stacks, newest last. */
export interface History {
  readonly done: readonly DoneAction[];
  readonly undone: readonly UndoneAction[];
}

export const NO_HISTORY: History = { done: [], undone: [] };

export const refKey = ({ client, sequence }: ActionRef): string => `${client} ${sequence}`;

const isSame = (a: ActionRef, b: ActionRef): boolean => a.client === b.client && a.sequence === b.sequence;

/** The stacks after these actions, oldest first. */
export function historyOf(actions: readonly ReviewActionStored[]): History {
  return actions.reduce(afterAction, NO_HISTORY);
}

/**
 * The stacks after one more action. An undo refers to the action, also after a redo. A redo refers to the undo. A new action
 * clears the redo stack. An undo or redo of an unknown action changes nothing. Actions older than the 200 that a server lists
 * are unknown.
 */
export function afterAction(history: History, action: ReviewActionStored): History {
  const { done, undone } = history;
  if (!isTakingBack(action)) return { done: [...done, doneOf(action)], undone: [] };
  if (action.kind === 'undo') {
    const found = done.findLast((one) => isSame(one, action.of));
    if (found === undefined) return history;
    return { done: done.filter((one) => one !== found), undone: [...undone, { action: found, undo: refOf(action) }] };
  }
  const found = undone.findLast(({ undo }) => isSame(undo, action.of));
  if (found === undefined) return history;
  return { done: [...done, found.action], undone: undone.filter((one) => one !== found) };
}

export function refOf({ client, sequence }: ActionRef): ActionRef {
  return { client, sequence };
}

type TakingBack = Extract<ReviewActionStored, { readonly of: ActionRef }>;
type Judging = Extract<ReviewActionStored, { readonly value: Judgement }>;

function isTakingBack(action: ReviewActionStored): action is TakingBack {
  return action.kind === 'undo' || action.kind === 'redo';
}

function isJudging(action: ReviewActionStored): action is Judging {
  return action.kind === 'verdict' || action.kind === 'adjudicate';
}

function doneOf(action: Exclude<ReviewActionStored, TakingBack>): DoneAction {
  const { kind, subject, photos } = action;
  const judgement = isJudging(action) ? action.value : null;
  return { ...refOf(action), kind, judgement, subject, photos };
}

/** The action that an undo would revert; `null` if there is none. */
export function nextUndo({ done }: History): DoneAction | null {
  return done.at(-1) ?? null;
}

/** The action that a redo would restore; `null` if there is none. */
export function nextRedo({ undone }: History): UndoneAction | null {
  return undone.at(-1) ?? null;
}

/** The last decisions that were not undone, newest last; at most one for each photo. */
export function lastDecisions({ done }: History, count: number): (DoneAction & { readonly judgement: Judgement })[] {
  const found = new Map<string, DoneAction & { readonly judgement: Judgement }>();
  for (let i = done.length - 1; i >= 0 && found.size < count; i -= 1) {
    const action = done[i];
    if (action === undefined || action.judgement === null) continue;
    const key = `${action.subject.sha256} ${action.subject.wnid}`;
    if (!found.has(key)) found.set(key, { ...action, judgement: action.judgement });
  }
  return [...found.values()].toReversed();
}

/** A change of this tab in the server's form of stored actions; `null` if its target is unknown. */
export function storedForm(change: ReviewChange, { ref, at, history }: StoredFormContext): ReviewActionStored | null {
  if ('of' in change) {
    const known =
      change.kind === 'undo'
        ? history.done.find((one) => isSame(one, change.of))
        : history.undone.find(({ undo }) => isSame(undo, change.of))?.action;
    if (known === undefined) return null;
    return { ...ref, at, kind: change.kind, of: change.of, subject: known.subject, photos: known.photos };
  }
  const [subject] = change.subjects;
  if (subject === undefined) return null;
  const common = { ...ref, at, subject, photos: change.subjects.length };
  return change.kind === 'verdict' || change.kind === 'adjudicate'
    ? { ...common, kind: change.kind, value: change.value }
    : { ...common, kind: change.kind };
}

interface StoredFormContext {
  readonly ref: ActionRef;
  /** ISO 8601. */
  readonly at: string;
  readonly history: History;
}
