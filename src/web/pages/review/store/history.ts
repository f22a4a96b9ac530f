import type { ActionRef, ReviewActionStored, ReviewChange } from '../../../../core/review/desk/desk.ts';
import type { Judgement, Subject } from '../../../../core/review/events/event.ts';

export interface DoneAction extends ActionRef {
  readonly kind: Exclude<ReviewChange['kind'], 'undo' | 'redo'>;
  /** Null for tags, notes and flags. */
  readonly judgement: Judgement | null;
  readonly subject: Subject;
  readonly photos: number;
}

type Reversal = ActionRef & { readonly kind: 'undo' | 'redo'; readonly of: ActionRef };

/** The undo and redo stacks, newest last. `undo` is the undo that a redo reverts. */
export interface History {
  readonly done: readonly DoneAction[];
  readonly undone: readonly { readonly action: DoneAction; readonly undo: ActionRef }[];
}

export const NO_HISTORY: History = { done: [], undone: [] };

export const subjectKey = ({ sha256, wnid }: Subject): string => `${sha256} ${wnid}`;

export function subjectsOf(rows: readonly Subject[]): Subject[] {
  return [...new Map(rows.map(({ sha256, wnid }) => [subjectKey({ sha256, wnid }), { sha256, wnid }])).values()];
}

export const refKey = ({ client, sequence }: ActionRef): string => `${client} ${sequence}`;

/**
 * An undo refers to the action, also after a redo. A redo refers to the undo. An undo or redo of an unknown action
 * (older than the 200 that a server lists) changes nothing.
 */
export function afterAction({ done, undone }: History, action: DoneAction | Reversal): History {
  if (!('of' in action)) return { done: [...done, action], undone: [] };
  const of = refKey(action.of);
  if (action.kind === 'undo') {
    const found = done.findLast((one) => refKey(one) === of);
    if (found === undefined) return { done, undone };
    return { done: done.filter((one) => one !== found), undone: [...undone, { action: found, undo: refOf(action) }] };
  }
  const found = undone.findLast(({ undo }) => refKey(undo) === of);
  if (found === undefined) return { done, undone };
  return { done: [...done, found.action], undone: undone.filter((one) => one !== found) };
}

/** The stacks without an action that the server refused. */
export function withoutAction({ done, undone }: History, refused: ActionRef): History {
  const isOther = (one: ActionRef): boolean => refKey(one) !== refKey(refused);
  return { done: done.filter(isOther), undone: undone.filter(({ action }) => isOther(action)) };
}

/** The stacks after the server refused an undo or redo of an action. A later action may have emptied the stack of redos. */
export function withoutReversal({ done, undone }: History, { kind, of }: Reversal, action: DoneAction): History {
  const others = withoutAction({ done, undone }, action);
  if (kind === 'undo') return { ...others, done: [...others.done, action] };
  return { ...others, undone: [...others.undone, { action, undo: of }] };
}

export function refOf({ client, sequence }: ActionRef): ActionRef {
  return { client, sequence };
}

export function storedAction(stored: ReviewActionStored): DoneAction | Reversal {
  if (stored.kind === 'undo' || stored.kind === 'redo') return stored;
  const { kind, subject, photos } = stored;
  const judgement = stored.kind === 'verdict' || stored.kind === 'adjudicate' ? stored.value : null;
  return { ...refOf(stored), kind, judgement, subject, photos };
}

export function madeAction(ref: ActionRef, change: ReviewChange): DoneAction | Reversal | null {
  if ('of' in change) return { ...refOf(ref), kind: change.kind, of: change.of };
  const { kind, subjects, value } = change;
  const [subject] = subjects;
  if (subject === undefined) return null;
  return { ...refOf(ref), kind, judgement: 'verdict' in value ? value : null, subject, photos: subjects.length };
}

/** The last decisions that were not undone, newest last; at most one for each photo. */
export function lastDecisions({ done }: History, count: number): (DoneAction & { readonly judgement: Judgement })[] {
  const found = new Map<string, DoneAction & { readonly judgement: Judgement }>();
  for (const action of done.toReversed()) {
    const { judgement, subject } = action;
    if (judgement === null || found.has(subjectKey(subject))) continue;
    found.set(subjectKey(subject), { ...action, judgement });
    if (found.size === count) break;
  }
  return [...found.values()].toReversed();
}
