/** Decides when a photo is to blame for the death of processes that worked on it. Pure. */

/** How a process died that had only one item in flight. */
export interface Death {
  /** ISO 8601. */
  readonly at: string;
  /** `SIGABRT`, `exit code 3`, `no answer within 600 s`. */
  readonly how: string;
  /** The step that the process had reported: `decoding it`. Null if it had reported none. */
  readonly doing: string | null;
  /** The end of what it wrote to stderr; may be empty. */
  readonly said: string;
}

/** The report of a process that begins to decode. A death in decoding does not depend on the models. */
export const DECODING = 'decoding it';

/** A kind of work that processes have in flight. It is the first word of a work's name. */
export type WorkKind = 'filter' | 'inspect';

/** Number of deaths, alone in a process, that condemn an item. One may be an accident. */
const DEATHS = 2;

export function isCondemned(deaths: readonly Death[]): boolean {
  return deaths.length >= DEATHS;
}

/** The deaths that condemn an item for some work: its deaths in that work, or deaths in decoding in any work. */
export function condemning(
  suspects: readonly { readonly item: string; readonly work: string; readonly deaths: readonly Death[] }[],
  { item, work }: { readonly item: string; readonly work: string },
): readonly Death[] | null {
  const counts = suspects.find(
    (one) =>
      one.item === item &&
      isCondemned(one.deaths) &&
      (one.work === work || one.deaths.every(({ doing }) => doing === DECODING)),
  );
  return counts?.deaths ?? null;
}

const SAID_SHOWN = 300;

function timesText(times: number): string {
  return ['never', 'once', 'twice'][times] ?? `${times} times`;
}

/** Describes deaths for people: how often, how, during what, when, and the last words of the process. */
export function deathsText(deaths: readonly Death[]): string {
  const each = deaths.map(({ how, doing, at }) => `${how}${doing === null ? '' : ` while ${doing}`}, ${at}`);
  const said = deaths.findLast((death) => death.said !== '')?.said.slice(-SAID_SHOWN);
  const words = said === undefined ? '' : `; it said: ${said.replaceAll(/\s+/g, ' ').trim()}`;
  return `alone in a process, it ended that process ${timesText(deaths.length)} (${each.join('; ')})${words}`;
}
