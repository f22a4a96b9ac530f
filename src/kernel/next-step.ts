import type { Totals } from './funnel.ts';
import { countOf, shellWord } from './texts.ts';

const DEFAULT_DATA = 'data';

/** The flags that name a collection and its data folder, unless it is the default one. */
export function placeFlags(collection: string, dataDir = DEFAULT_DATA): string {
  const data = dataDir === DEFAULT_DATA ? '' : ` --data ${shellWord(dataDir)}`;
  return `--collection ${shellWord(collection)}${data}`;
}

/** The command that gives photos a licence, for a person to fill in. */
export function rightsCommand(place: string): string {
  return `winnow rights set ${place} --licence CC-BY-4.0 --creator "Ana"`;
}

export interface WithoutLicence {
  /** With any verdict or none, because every reviewer sees the number before the second pass. */
  readonly listed: number;
  readonly accepted: number;
}

/** `12 listed photos have no licence ...`; empty if all have one. */
export function withoutLicenceText({ listed }: WithoutLicence, place: string): string {
  if (listed === 0) return '';
  const have = listed === 1 ? 'has' : 'have';
  return `${countOf(listed, 'listed photo')} ${have} no licence, and photos without a licence are not exported. State it: ${rightsCommand(place)}`;
}

export interface Exported {
  readonly revisions: number;
  /** The folder of the newest revision; null if there is none. */
  readonly folder: string | null;
  /** False if photos were reviewed since. */
  readonly isNewest: boolean;
  readonly isVerified: boolean;
  readonly isReported: boolean;
}

/** The state of a collection. */
export interface Standing {
  readonly collection: string;
  readonly totals: Totals;
  /** Photos that wait for a second verdict. */
  readonly pending: number;
  readonly withoutLicence: WithoutLicence;
  readonly exported: Exported;
  /** See `placeFlags`. */
  readonly place: string;
  /** The flags of a run that name its photos, such as ` --from photos`. */
  readonly from: string;
}

export interface NextStep {
  readonly text: string;
  readonly command: string;
}

/** Names the next thing that a person should do with a collection. */
export function nextStep(standing: Standing): NextStep {
  const { totals, place, from } = standing;
  const run = `winnow run ${place}${from}`;
  const open = totals.waiting + totals.decided.undecided - totals.undecidedPruned;
  const steps: readonly Step[] = [
    [totals.found === 0, 'No photo was found yet', run],
    [open > 0, `${waitText(open)} to be fetched or decided`, run],
    [
      totals.unlisted > 0,
      `${countOf(totals.unlisted, 'kept photo')} not on the shortlist yet`,
      `winnow shortlist ${place}`,
    ],
    [totals.shortlisted === 0, 'The filter keeps no photo. Other rules may keep some', `winnow what-if ${place}`],
    ...reviewSteps(standing),
    [totals.selected === 0, 'Reviewers accepted no photo. Collect more photos', run],
    ...exportSteps(standing),
  ];
  const [, text, command] = steps.find(([applies]) => applies) ?? [
    true,
    'Nothing is left to do',
    `winnow status ${place}`,
  ];
  return { text: `${text}.`, command };
}

type Step = readonly [applies: boolean, text: string, command: string];

const waitText = (photos: number): string => `${countOf(photos, 'photo')} ${photos === 1 ? 'waits' : 'wait'}`;

function reviewSteps({ totals, place }: Standing): Step[] {
  const review = `winnow review ${place}`;
  return [
    [totals.unreviewed > 0, `${waitText(totals.unreviewed)} for a verdict`, review],
    [totals.disputed > 0, `Reviewers disagree on ${countOf(totals.disputed, 'photo')}`, review],
  ];
}

function exportSteps({ collection, totals, pending, withoutLicence, exported, place }: Standing): Step[] {
  const { revisions, isNewest, isVerified, isReported } = exported;
  const folder = shellWord(exported.folder ?? '');
  const accepted = countOf(totals.selected, 'photo');
  const second =
    pending === 0 ? '' : `. ${waitText(pending)} for the second verdict of another person (winnow review ${place})`;
  return [
    [
      withoutLicence.accepted >= totals.selected,
      `None of ${accepted} that reviewers accepted has a licence, so nothing can be exported`,
      rightsCommand(place),
    ],
    [
      !isNewest,
      `Reviewers accepted ${accepted}${second}`,
      `winnow export ${place} --out ${exportFolder(collection, revisions)}`,
    ],
    [!isVerified && !isReported, 'The newest revision is not known to be verified', `winnow verify ${folder}`],
    [!isReported, 'The newest revision has no report yet', reportCommand(place, collection)],
    [true, 'The set is exported and reported', publishCommand(folder)],
  ];
}

/** A new folder for the next revision. */
function exportFolder(collection: string, revisions: number): string {
  return `exports/${shellWord(collection)}${revisions === 0 ? '' : `-v${revisions + 1}`}`;
}

export function reportCommand(place: string, collection: string): string {
  return `winnow report ${place} --out reports/${shellWord(collection)}`;
}

/** @param folder as a shell takes it */
export function publishCommand(folder: string): string {
  return `winnow publish ${folder} --to hf:OWNER/NAME --dry-run`;
}
