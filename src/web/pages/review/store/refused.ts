import type { ReviewChange } from '../../../../core/review/desk/desk.ts';
import type { NewerEvent, StaleSubject } from '../../../../core/review/events/stale.ts';
import type { Met } from '../../../../core/kernel/met.ts';
import { countOf, countText, listText } from '../../../../core/kernel/texts.ts';
import { judgementText, momentText } from '../words.ts';
import type { KeptAction } from './outbox-store.ts';

/** An action that the server refused for some photos, because others had done something that its author had not seen. */
export type RefusedAction = KeptAction & { readonly stale: readonly StaleSubject[] };

export const isRefused = (kept: KeptAction): kept is RefusedAction => kept.stale !== undefined;

/**
 * The changes that give the refused photos again, now that their author has been told of the newer events. Each photo gets a change of
 * its own, because a bulk decision leaves out disputed photos.
 */
export function changesAgain({ action, stale }: RefusedAction): readonly ReviewChange[] {
  const seen = stale.map(({ sha256, wnid, newer }) => ({ sha256, wnid, seen: newer?.event ?? 0 }));
  if ('of' in action) return [{ kind: action.kind, of: action.of, seen }];
  const { sequence: _, at: __, part: ___, ...change } = action;
  return seen.map((one) => ({ ...change, subjects: [one] }));
}

/** `Ana said wrong class on 26 Nov 2026, 14:05` */
export function newerText(newer: NewerEvent | null): string {
  if (newer === null) return 'The photo waits for your own verdict now';
  const { reviewer, kind, judgement, at } = newer;
  const said = judgementText(judgement);
  const did: Readonly<Partial<Record<NewerEvent['kind'], string>>> = {
    adjudicate: `settled it as ${said}`,
    undo: `took “${said}” back`,
    redo: `said ${said} again`,
    import: `said ${said} (imported)`,
  };
  return `${reviewer} ${did[kind] ?? `said ${said}`} on ${momentText(at)}`;
}

/** Says how first verdicts compare with those of others that their author had not seen. @param name of the photo; null for several */
export function metText({ agreeing, differing, reviewers }: Met, name: string | null): string {
  const names = listText(reviewers);
  if (name === null) {
    const differ = `${countText(differing)} ${differing === 1 ? 'differs' : 'differ'}`;
    return `${names} had judged some of these photos, too: ${countOf(agreeing, 'verdict')} of yours ${agreeing === 1 ? 'agrees' : 'agree'}, ${differ}.`;
  }
  const how = agreeing > 0 ? ' You agree.' : differing > 0 ? ' You differ.' : '';
  return `${name}: ${names} had judged it, too.${how}`;
}
