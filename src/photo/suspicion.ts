/** When a photo is to blame for the death of the processes that worked it (pure). */

/** How a process died that had one thing in hand and no other. */
export interface Death {
  /** ISO 8601. */
  readonly at: string;
  /** `SIGABRT`, `exit code 3`, `no answer within 600 s`. */
  readonly how: string;
  /** What it was doing, if it said so: `decoding it`. */
  readonly doing: string | null;
  /** The end of what it wrote to stderr; may be empty. */
  readonly said: string;
}

/** What a process says that begins to decode. What dies of that dies of it whatever the models. */
export const DECODING = 'decoding it';

/** What processes have in hand: photos to decide, or pictures to inspect. The first word of what their work is called. */
export type WorkKind = 'filter' | 'inspect';

/** Deaths alone that condemn. One may be an accident. */
const DEATHS = 2;

/** Whether so many processes died of it that no other need try. */
export function isCondemned(deaths: readonly Death[]): boolean {
  return deaths.length >= DEATHS;
}

/** The deaths that condemn an item for some work: its own, or those of any work that came before the work. */
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

/** For people: how often, how, at what, when, and the last words. */
export function deathsText(deaths: readonly Death[]): string {
  const each = deaths.map(({ how, doing, at }) => `${how}${doing === null ? '' : ` while ${doing}`}, ${at}`);
  const said = deaths.findLast((death) => death.said !== '')?.said.slice(-SAID_SHOWN);
  const words = said === undefined ? '' : `; it said: ${said.replaceAll(/\s+/g, ' ').trim()}`;
  return `alone in a process, it ended that process ${timesText(deaths.length)} (${each.join('; ')})${words}`;
}
