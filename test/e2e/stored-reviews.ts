import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { subjectKey, type ReviewEvent, type ReviewVerdict } from '../../src/review/events/event.ts';
import type { VerdictLine } from '../../src/review/events/verdict-line.ts';
import type { SentAction } from './scripted-reviewer.ts';

/** The photos that get a second pass: those whose hash lies below the share. */
export function sampledOf(lines: readonly VerdictLine[], share: number): ReadonlySet<string> {
  const drawn = lines.filter(({ sha256, wnid }) => {
    const hash = createHash('sha256').update(`second pass ${wnid}`).update(sha256, 'hex').digest();
    return hash.readUIntBE(0, 6) < share * 2 ** 48;
  });
  return new Set(drawn.map(subjectKey));
}

/**
 * Verdicts that were not wanted when they were stored, because the photo had enough. These are allowed: a person gives an undone
 * verdict again, even if a second person has decided since. That person, asked because of the first verdict, may decide even if
 * no verdict is unsure any more. While a verdict of the second pass is undone, one more person may be asked and decide.
 */
export function unwantedVerdicts(events: readonly ReviewEvent[], sampled: ReadonlySet<string>): ReviewEvent[] {
  const standing = new Map<string, Map<string, ReviewVerdict>>();
  const judges = new Set<string>();
  const doubtful = new Set<string>();
  /** Number of undone verdicts by photo. */
  const takenBack = new Map<string, number>();
  const passesOf = (key: string): number => (sampled.has(key) ? 2 + (takenBack.get(key) ?? 0) : 1);
  const byId = new Map(events.map((event) => [event.id, event]));
  return events.filter((event) => {
    const given = standing.get(subjectKey(event)) ?? new Map<string, ReviewVerdict>();
    standing.set(subjectKey(event), given);
    if (event.kind === 'undo') {
      takenBack.set(subjectKey(event), (takenBack.get(subjectKey(event)) ?? 0) + 1);
      return !given.delete(event.reviewer);
    }
    const decision = event.kind === 'redo' ? byId.get(byId.get(event.undoes)?.undoes ?? 0) : event;
    if (decision?.kind !== 'verdict') throw new Error(`Expected a verdict but found ${JSON.stringify(event)}`);
    const wanted = doubtful.has(subjectKey(event)) ? Math.min(given.size + 1, 3) : 1;
    const judge = `${subjectKey(event)} ${event.reviewer}`;
    const isWanted = judges.has(judge) || given.size < Math.max(wanted, passesOf(subjectKey(event)));
    given.set(event.reviewer, decision.value.verdict);
    judges.add(judge);
    if (decision.value.verdict === 'unsure') doubtful.add(subjectKey(event));
    return !isWanted;
  });
}

/** The tab and the number of the action that an event is part of. */
export const placeOf = ({ client, sequence }: ReviewEvent): { readonly tab: string; readonly action: number } => {
  const [tab = '', bulk] = client.split('/');
  return { tab, action: bulk === undefined ? sequence : Number(bulk) };
};

/** Expects a tab's actions to be stored as events: one for each photo, in the order of the actions. */
export function expectStored(sent: readonly SentAction[], events: readonly ReviewEvent[]): void {
  const stored = sent.flatMap(({ action, stored: count }) =>
    Array.from({ length: count ?? 1 }, () => [action.sequence, action.kind]),
  );
  expect(events.map((event) => [placeOf(event).action, event.kind])).toEqual(stored);
  for (const { action } of sent) {
    if (!('subjects' in action)) continue;
    const asked = new Set(action.subjects.map(subjectKey));
    const own = events.filter((event) => placeOf(event).action === action.sequence);
    expect(own.filter((event) => !asked.has(subjectKey(event)))).toEqual([]);
    expect(new Set(own.map(subjectKey)).size).toBe(own.length);
  }
}
