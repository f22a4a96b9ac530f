import type { ActionRef, ReviewActionStored, ReviewChange } from '../../review/desk.ts';
import type { Judgement, Subject } from '../../review/event.ts';

/** An action that stands: it can be taken back. */
export interface DoneAction extends ActionRef {
  readonly kind: Exclude<ReviewActionStored['kind'], 'undo' | 'redo'>;
  /** Null for tags, notes and flags. */
  readonly judgement: Judgement | null;
  /** The first photo, and how many there are. */
  readonly subject: Subject;
  readonly photos: number;
}

/** An action that was taken back, and the undo that a redo takes back. */
export interface UndoneAction {
  readonly action: DoneAction;
  readonly undo: ActionRef;
}

/** What undo and redo would do. The newest stands last in both. */
export interface History {
  readonly done: readonly DoneAction[];
  readonly undone: readonly UndoneAction[];
}

export const NO_HISTORY: History = { done: [], undone: [] };

export const refKey = ({ client, sequence }: ActionRef): string => `${client} ${sequence}`;

const isSame = (a: ActionRef, b: ActionRef): boolean => a.client === b.client && a.sequence === b.sequence;

/** The stacks after all these actions, the oldest first. */
export function historyOf(actions: readonly ReviewActionStored[]): History {
  return actions.reduce(afterAction, NO_HISTORY);
}

/**
 * The stacks after one more action. An undo names the action itself, also after a redo. A redo names the undo. A new action
 * ends what can be redone. An undo or redo of something unknown (older than the 200 actions that a server lists) changes
 * nothing.
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

/** What an undo takes back now; null if there is nothing. */
export function nextUndo({ done }: History): DoneAction | null {
  return done.at(-1) ?? null;
}

/** What a redo brings back now; null if there is nothing. */
export function nextRedo({ undone }: History): UndoneAction | null {
  return undone.at(-1) ?? null;
}

/** The last decisions that stand, the newest last; one for each photo. */
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

/** A change of this tab in the form in which the server lists stored ones. */
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
