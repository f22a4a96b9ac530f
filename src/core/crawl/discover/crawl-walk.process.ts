import path from 'node:path';
import { storableKey, storeCandidates } from '../candidates/candidate.repository.ts';
import {
  candidateOf,
  countRefusals,
  type CandidateRules,
  type NewCandidate,
  type RefusalCounts,
  type WnidFilter,
} from '../candidates/candidate.ts';
import { RetryLater, SourceBlocked } from '../../kernel/errors.ts';
import { LABELS_FILE } from '../sources/folder/read-labels.process.ts';
import type { FoundPhoto } from '../sources/source.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { refetchLostOf } from '../../photo/lost-bytes.process.ts';
import type { DryRunLine } from './dry-run.process.ts';
import { UnknownLabels } from './unknown-labels.ts';

/** A source that is read from beginning to end: a folder, a list of URLs, a dump. Reading it again changes nothing. */
export type WalkedSource = ListedSource | DumpSource;

interface Walked {
  readonly source: string;
  /** Fetches pictures again that failed or have lost their bytes. True if that needs no requests to a site. */
  readonly retryFailed: boolean;
}

/** A folder or a list. Reading it needs no catalogue. */
export interface ListedSource extends Walked {
  readonly preview?: undefined;
  photos(options: WalkOptions): AsyncIterable<FoundPhoto>;
}

export interface DumpSource extends Walked {
  preview(signal: AbortSignal): AsyncIterable<DryRunLine>;
  photos(options: WalkOptions, app: App): AsyncIterable<FoundPhoto>;
}

export interface WalkOptions {
  readonly signal: AbortSignal;
  readonly onIgnored: (relativePath: string) => void;
  /** Photos admitted so far, by class. The walk counts them. A source that resumes after an interruption sets them first. */
  readonly admitted: Map<string, number>;
  readonly limitPerClass: number | null;
  /** Resolves once everything that was yielded is stored. */
  readonly flush: () => Promise<void>;
  readonly onNote: (note: string) => void;
}

export interface WalkSummary {
  /** Photos that the source names, including those with problems. */
  seen: number;
  newPictures: number;
  /** Skipped files: hidden ones, Thumbs.db, desktop.ini. */
  ignored: number;
  overLimit: number;
  otherClasses: number;
  complete: boolean;
  readonly problems: string[];
  readonly notes: string[];
}

export interface CrawlWalkOptions {
  readonly walk: WalkedSource;
  readonly collectionId: number;
  readonly rules: CandidateRules;
  /** The classes that this crawl collects. Photos of the collection's other classes are skipped. */
  readonly wanted: WnidFilter;
  readonly limitPerClass: number | null;
  readonly signal: AbortSignal;
  readonly onPage: (page: { readonly newPictures: number; readonly refused: RefusalCounts }) => void;
  readonly onFound: () => void;
  readonly onWaiting: (pictureIds: readonly number[]) => Promise<void>;
  readonly waitForRoom: () => Promise<void>;
}

/** Photos per transaction: large enough to be fast, small enough that a crash loses little. */
const PAGE_SIZE = 256;

/** Stores the photos page by page. If the source is unreachable, the summary says so and the other sources continue. */
export async function crawlWalk(app: App, options: CrawlWalkOptions): Promise<WalkSummary> {
  const { walk, signal, limitPerClass } = options;
  const summary = emptySummary();
  const perClass = new Map<string, number>();
  const unknownLabels = new UnknownLabels();
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
        unknownLabels.note(candidate);
      }
      summary.seen += 1;
      options.onFound();
      if (page.length < PAGE_SIZE) continue;
      await flush();
      await options.waitForRoom();
    }
    summary.complete = !signal.aborted;
  } catch (error) {
    // After an interrupt, the photos found so far are stored, and the next crawl walks the source again.
    if (!signal.aborted) {
      if (!(error instanceof RetryLater) && !(error instanceof SourceBlocked)) throw error;
      summary.problems.push(`${walk.source}: ${error.message}`);
    }
  }
  await flush();
  // If no photo has a known class, the whole walk has failed.
  const target = unknownLabels.count > 0 && unknownLabels.count === summary.seen ? summary.problems : summary.notes;
  for (const sentence of unknownLabels.sentences()) target.push(`${walk.source}: ${sentence}`);
  return summary;
}

function passOver({ log }: App, relativePath: string, summary: WalkSummary): void {
  summary.ignored += 1;
  // No operating system creates such a file, so the user has a purpose for it.
  if (path.basename(relativePath) === LABELS_FILE)
    log.warn({ file: relativePath }, `${LABELS_FILE} is read only at the top of the folder; this one is skipped`);
}

function emptySummary(): WalkSummary {
  const counts = { seen: 0, newPictures: 0, ignored: 0, overLimit: 0, otherClasses: 0 };
  return { ...counts, complete: false, problems: [], notes: [] };
}

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
  { options, summary }: { options: CrawlWalkOptions; summary: WalkSummary },
): Promise<void> {
  if (page.length === 0) return;
  const { source, retryFailed } = options.walk;
  if (retryFailed) {
    const sourceIds = page.map(({ sourceId }) => storableKey(sourceId));
    const lost = await refetchLostOf(app, { source, sourceIds }, options.signal);
    if (lost > 0) app.log.warn({ source, photos: lost }, 'photos had lost their bytes and are fetched again');
  }
  const { collectionId } = options;
  const stored = await app.db
    .transaction()
    .execute((trx) => storeCandidates(trx, page, { collectionId, retryFailed, admitAtMost: null }));
  summary.newPictures += stored.newPictures;
  options.onPage({ newPictures: stored.newPictures, refused: countRefusals(page) });
  await options.onWaiting(stored.waiting);
}

export function addSummaries(a: WalkSummary, b: WalkSummary): WalkSummary {
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
