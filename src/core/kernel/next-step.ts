import type { Totals } from './funnel.ts';
import type { Operation } from './operation.ts';
import { countOf, shellWord } from './texts.ts';

/** The flag that names a collection. `asTyped` adds the data folder. */
export function placeFlags(collection: string): string {
  return `--collection ${shellWord(collection)}`;
}

/** The command that gives photos a licence, for a person to fill in. */
export function rightsCommand(place: string): string {
  return `winnow rights set ${place} --licence CC-BY-4.0 --creator "Ana"`;
}

export interface WithoutLicence {
  /** With any verdict or none, because every reviewer sees the number before the second pass. */
  readonly listed: number;
  readonly accepted: number;
  /** True if nobody has stated the licence of some, so the curator can. */
  readonly isOpen: boolean;
}

/** `12 listed photos have no licence, ...`; empty if all can be exported. */
export function withoutLicenceText(photos: number, what: 'listed' | 'accepted', place: string): string {
  if (photos === 0) return '';
  const have = photos === 1 ? 'has' : 'have';
  return `${countOf(photos, `${what} photo`)} ${have} no licence, or all rights are reserved, so they are not exported. Their links can be (--no-pixels). If no source states a licence, state it: ${rightsCommand(place)}`;
}

export interface Exported {
  readonly revisions: number;
  /** The folder of the newest revision; null if there is none. */
  readonly folder: string | null;
  /** False if photos were reviewed, given a licence or taken down since. */
  readonly isNewest: boolean;
  readonly isReported: boolean;
}

interface OperationPlace extends Pick<CollectionState, 'collection'> {
  readonly exported: Pick<Exported, 'revisions' | 'folder'>;
  /** The value of `--collection`, if it is not the name. */
  readonly named?: string;
  /** The folder, with its `/`, into which a started command writes: a server may write into its data folder only. */
  readonly below?: string;
}

/** The words after `winnow` of a command that pages print or start. */
export function operationWords(
  operation: Operation,
  { collection, exported: { revisions, folder }, named = collection, below = '' }: OperationPlace,
): string[] {
  const version = Math.max(revisions, Number(/-v(\d+)$/.exec(folder ?? '')?.[1] ?? 0)) + 1;
  const flags = {
    filter: [],
    shortlist: [],
    rights: [],
    verify: [],
    export: ['--out', `${below}exports/${collection}${version === 1 ? '' : `-v${version}`}`],
    report: ['--out', `${below}reports/${collection}`],
  };
  const what: Partial<Record<Operation, string[]>> = { rights: ['set'], verify: [folder ?? ''] };
  return [operation, ...(what[operation] ?? []), '--collection', named, ...flags[operation]];
}

/** The state of a collection. */
export interface CollectionState {
  readonly collection: string;
  readonly totals: Totals;
  /** Photos that wait for a second verdict. Null if there are some, but the reader may not learn what `totals` leaves out. */
  readonly pending: number | null;
  /** True if another process filters. */
  readonly isFiltering: boolean;
  /** Controls without a verdict; null without controls. `totals` leaves them out. */
  readonly openControls: number | null;
  readonly withoutLicence: WithoutLicence;
  readonly exported: Exported;
  /** See `placeFlags`. */
  readonly place: string;
  /** The command that collects photos, and what to fill in. */
  readonly collect: NextStep;
}

export interface NextStep {
  readonly text: string;
  readonly command: string;
}

export function nextText({ text, command }: NextStep): string {
  return `${text === '' ? '' : `${text}\n`}next: ${command}\n`;
}

/** Names the next thing that a person should do with a collection. */
export function nextStep(state: CollectionState): NextStep {
  const { totals, pending, place, collect, isFiltering } = state;
  const run = collect.command;
  const undecided = totals.decided.undecided - totals.undecidedPruned;
  const steps: readonly Step[] = [
    [totals.found === 0, 'No photo was found yet', run],
    [undecided > 0 && !isFiltering, `${waitText(undecided)} to be decided`, `winnow filter ${place}`],
    [totals.waiting > 0, `${waitText(totals.waiting)} to be fetched`, run],
    [undecided > 0, `${waitText(undecided)} to be decided, and a filter is running`, `winnow status ${place}`],
    [
      totals.unlisted > 0,
      `${countOf(totals.unlisted, 'kept photo')} not on the shortlist yet`,
      `winnow shortlist ${place}`,
    ],
    [
      onlyInReferenceSet(totals),
      `${countOf(totals.decided.inReferenceSet, 'photo')} cannot be kept under any rule: a reference set has the same pictures. Collect other photos, or remove the set if it is the wrong one`,
      'winnow references list',
    ],
    [totals.shortlisted === 0, 'The filter keeps no photo. Other rules may keep some', `winnow what-if ${place}`],
    ...reviewSteps(state),
    [totals.selected === 0 && pending !== null, 'Reviewers accepted no photo. Collect more photos', run],
    ...exportSteps(state),
  ];
  const [, text, command] = steps.find(([applies]) => applies) ?? [
    true,
    'Nothing is left to do',
    `winnow status ${place}`,
  ];
  return { text: `${text}.${command === run && collect.text !== '' ? ` ${collect.text}` : ''}`, command };
}

function onlyInReferenceSet({ decided, shortlisted }: Totals): boolean {
  const { inReferenceSet, kept, correct, confident, notConfident, otherClass } = decided;
  return inReferenceSet > 0 && shortlisted + kept + correct + confident + notConfident + otherClass === 0;
}

type Step = readonly [applies: boolean, text: string, command: string];

const waitText = (photos: number): string => `${countOf(photos, 'photo')} ${photos === 1 ? 'waits' : 'wait'}`;

function reviewSteps({ totals, openControls, place }: CollectionState): Step[] {
  const review = `winnow review ${place}`;
  return [
    [totals.unreviewed > 0, `${waitText(totals.unreviewed)} for a verdict`, review],
    // The text names no controls, because reviewers must not know which photos these are.
    [(openControls ?? 0) > 0, 'Photos still wait for a verdict', review],
    [totals.disputed > 0, `Reviewers disagree on ${countOf(totals.disputed, 'photo')}`, review],
  ];
}

function exportSteps({ collection, totals, pending, withoutLicence, exported, place }: CollectionState): Step[] {
  const { isNewest, isReported } = exported;
  const folder = shellWord(exported.folder ?? '');
  const report = reportCommand(place, collection);
  const exportCommand = ['winnow', ...operationWords('export', { collection, exported })].map(shellWord).join(' ');
  const what = pending === null ? 'listed' : 'accepted';
  const [without, of] = [withoutLicence[what], pending === null ? totals.shortlisted : totals.selected];
  return [
    [
      !isNewest && without >= of,
      `No licence lets people pass on ${countOf(without, `${what} photo`)}, so only links can be exported (--no-pixels)${withoutLicence.isOpen ? '. If you know the licence, state it' : ''}`,
      withoutLicence.isOpen ? rightsCommand(place) : `${exportCommand} --no-pixels`,
    ],
    [!isNewest, reviewedText(countOf(totals.selected, 'photo'), pending, place), exportCommand],
    [!isReported, `The set is exported. Verify it (winnow verify ${folder}), then report on it`, report],
    [true, 'The set is exported and reported', publishCommand(folder)],
  ];
}

function reviewedText(accepted: string, pending: number | null, place: string): string {
  const others = `of another person (winnow review ${place})`;
  if (pending === null) return `Every listed photo has a first verdict. Some wait for the second verdict ${others}`;
  return `Reviewers accepted ${accepted}${pending === 0 ? '' : `. ${waitText(pending)} for the second verdict ${others}`}`;
}

export function reportCommand(place: string, collection: string): string {
  return `winnow report ${place} --out reports/${shellWord(collection)}`;
}

/** @param folder as a shell takes it */
export function publishCommand(folder: string): string {
  return `winnow publish ${folder} --to hf:OWNER/NAME --dry-run`;
}
