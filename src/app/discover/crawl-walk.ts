import path from 'node:path';
import { keyText, storeCandidates } from '../../candidate/candidate.repository.ts';
import {
  candidateOf,
  countRefusals,
  type CandidateRules,
  type NewCandidate,
  type RefusalCounts,
  type WnidFilter,
} from '../../candidate/candidate.ts';
import { RetryLater, SourceBlocked } from '../../kernel/errors.ts';
import { LABELS_FILE } from '../../source/folder/read-labels.process.ts';
import type { FoundPhoto } from '../../source/source.ts';
import type { App } from '../open/app.ts';
import { refetchLostOf } from '../photos/lost-bytes.ts';
import type { DryRunLine } from './dry-run-line.ts';
import { Strangers } from './strangers.ts';

/** A source that is walked from beginning to end: a folder, a list of URLs, a dump. Walking it again changes nothing. */
export type WalkedSource = ListedSource | DumpSource;

interface Walked {
  readonly source: string;
  /**
   * Whether what failed before, or has lost its bytes since, is fetched again when it is found again: yes where that costs
   * no site anything.
   */
  readonly retryFailed: boolean;
}

/** A folder or a list: reading it needs no catalogue. */
export interface ListedSource extends Walked {
  readonly preview?: undefined;
  photos(options: WalkOptions): AsyncIterable<FoundPhoto>;
}

/** A source that is too large to be walked just to see. */
export interface DumpSource extends Walked {
  /** What it would look for. */
  preview(signal: AbortSignal): AsyncIterable<DryRunLine>;
  photos(options: WalkOptions, app: App): AsyncIterable<FoundPhoto>;
}

export interface WalkOptions {
  readonly signal: AbortSignal;
  readonly onIgnored: (relativePath: string) => void;
  /** Photos taken so far, by class: counted here; to be set by a source that goes on where it was interrupted. */
  readonly admitted: Map<string, number>;
  /** Photos a class, or null. */
  readonly limitPerClass: number | null;
  /** Resolves once all that was yielded is stored. */
  readonly flush: () => Promise<void>;
  /** What there is to say of the walk as a whole, as a sentence. */
  readonly onNote: (note: string) => void;
}

/** What one walk came to. */
export interface CrawlSummary {
  /** Photos that the source names, problems included. */
  seen: number;
  /** Pictures that were not in the catalogue before. */
  newPictures: number;
  /** Files passed over: hidden ones, Thumbs.db, desktop.ini. */
  ignored: number;
  /** Photos passed over since their class had reached the limit. */
  overLimit: number;
  /** Photos passed over since they are of classes that this crawl does not ask for. */
  otherClasses: number;
  /** False if the walk was interrupted: there may be more. */
  complete: boolean;
  /** Sources that are not to be had, as sentences. */
  readonly problems: string[];
  readonly notes: string[];
}

export interface CrawlWalkOptions {
  readonly walk: WalkedSource;
  readonly rules: CandidateRules;
  /** Classes of the collection that are taken in; photos of its others are passed over. */
  readonly wanted: WnidFilter;
  /** Photos a class, or null. */
  readonly limitPerClass: number | null;
  readonly signal: AbortSignal;
  /** Told after each page that is stored. */
  readonly onPage: (page: { readonly newPictures: number; readonly refused: RefusalCounts }) => void;
  readonly onFound: () => void;
  /** Pictures that wait to be fetched. */
  readonly onWaiting: (pictureIds: readonly number[]) => Promise<void>;
  /** Resolves once fetching has caught up enough for more to be found. */
  readonly waitForRoom: () => Promise<void>;
}

/** Photos stored in one transaction: large enough to be quick, small enough that a crash loses nothing worth a word. */
const PAGE_SIZE = 256;

/**
 * Walks a source and stores what it names, page after page, so that no more than a page is in memory. A source that is
 * not to be had is a problem of its own: the others go on.
 */
export async function crawlWalk(app: App, options: CrawlWalkOptions): Promise<CrawlSummary> {
  const { walk, signal, limitPerClass } = options;
  const summary = emptySummary();
  const perClass = new Map<string, number>();
  const strangers = new Strangers();
  let page: NewCandidate[] = [];
  const flush = async (): Promise<void> => {
    const full = page;
    page = [];
    await storePage(app, full, { options, summary });
  };
  const walkOptions: WalkOptions = {
    signal,
    admitted: perClass,
    limitPerClass,
    flush,
    onIgnored: (relativePath) => passOver(app, relativePath, summary),
    onNote: (note) => summary.notes.push(`${walk.source}: ${note}`),
  };
  try {
    for await (const found of walk.photos(walkOptions, app)) {
      const candidate = admit(found, { options, perClass });
      if (candidate === 'over-limit') summary.overLimit += 1;
      else if (candidate === 'not-wanted') summary.otherClasses += 1;
      else {
        page.push(candidate);
        strangers.note(candidate);
      }
      summary.seen += 1;
      options.onFound();
      if (page.length < PAGE_SIZE) continue;
      await flush();
      await options.waitForRoom();
    }
    summary.complete = !signal.aborted;
  } catch (error) {
    // Interrupted: what was found so far is stored; the next crawl walks the source again.
    if (!signal.aborted) {
      if (!(error instanceof RetryLater) && !(error instanceof SourceBlocked)) throw error;
      summary.problems.push(`${walk.source}: ${error.message}`);
    }
  }
  await flush();
  // Where nothing at all is of a class, the walk as such has come to nothing.
  const told = strangers.count > 0 && strangers.count === summary.seen ? summary.problems : summary.notes;
  for (const sentence of strangers.sentences()) told.push(`${walk.source}: ${sentence}`);
  return summary;
}

function passOver({ log }: App, relativePath: string, summary: CrawlSummary): void {
  summary.ignored += 1;
  // No system leaves these: somebody means something by it.
  if (path.basename(relativePath) === LABELS_FILE)
    log.warn({ file: relativePath }, `${LABELS_FILE} is read only at the top of the folder: passed over`);
}

function emptySummary(): CrawlSummary {
  const counts = { seen: 0, newPictures: 0, ignored: 0, overLimit: 0, otherClasses: 0 };
  return { ...counts, complete: false, problems: [], notes: [] };
}

/** The photo as a candidate, unless its class was not asked for or has enough. */
export function admit(
  found: FoundPhoto,
  {
    options,
    perClass,
  }: { options: Pick<CrawlWalkOptions, 'rules' | 'wanted' | 'limitPerClass'>; perClass: Map<string, number> },
): NewCandidate | 'over-limit' | 'not-wanted' {
  const candidate = candidateOf(found, options.rules);
  if (options.rules.wnids.has(candidate.wnid) && !options.wanted.has(candidate.wnid)) return 'not-wanted';
  if (candidate.refusal !== null) return candidate;
  const count = perClass.get(candidate.wnid) ?? 0;
  if (options.limitPerClass !== null && count >= options.limitPerClass) return 'over-limit';
  perClass.set(candidate.wnid, count + 1);
  return candidate;
}

async function storePage(
  app: App,
  page: readonly NewCandidate[],
  { options, summary }: { options: CrawlWalkOptions; summary: CrawlSummary },
): Promise<void> {
  if (page.length === 0) return;
  const { source, retryFailed } = options.walk;
  if (retryFailed) {
    const sourceIds = page.map(({ sourceId }) => keyText(sourceId));
    const lost = await refetchLostOf(app, { source, sourceIds }, options.signal);
    if (lost > 0) app.log.warn({ source, photos: lost }, 'photos had lost their bytes and are taken in again');
  }
  const stored = await app.db
    .transaction()
    .execute((trx) => storeCandidates(trx, page, { retryFailed, admitAtMost: null }));
  summary.newPictures += stored.newPictures;
  options.onPage({ newPictures: stored.newPictures, refused: countRefusals(page) });
  await options.onWaiting(stored.waiting);
}

/** Both walks as one. */
export function addSummaries(a: CrawlSummary, b: CrawlSummary): CrawlSummary {
  return {
    seen: a.seen + b.seen,
    newPictures: a.newPictures + b.newPictures,
    ignored: a.ignored + b.ignored,
    overLimit: a.overLimit + b.overLimit,
    otherClasses: a.otherClasses + b.otherClasses,
    complete: a.complete && b.complete,
    problems: [...a.problems, ...b.problems],
    notes: [...a.notes, ...b.notes],
  };
}
