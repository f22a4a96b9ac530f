import { storeCandidates } from '../candidate/candidate.repository.ts';
import { candidateOf, type CandidateRules, type NewCandidate } from '../candidate/candidate.ts';
import type { FoundPhoto } from '../source/source.ts';
import { discoverFolder } from '../source/folder/discover-folder.process.ts';
import type { App } from './app.ts';

/** What one walk over a folder came to. */
export interface CrawlSummary {
  /** Photos that the folder names, problems included. */
  seen: number;
  /** Pictures that were not in the catalogue before. */
  newPictures: number;
  /** Files passed over: hidden ones, Thumbs.db, desktop.ini. */
  ignored: number;
  /** Photos passed over since their class had reached the limit. */
  overLimit: number;
  /** False if the walk was interrupted: there may be more. */
  complete: boolean;
}

export interface CrawlFolderOptions {
  readonly from: string;
  readonly rules: CandidateRules;
  /** Photos a class, or null. */
  readonly limitPerClass: number | null;
  readonly signal: AbortSignal;
  readonly onFound: (seen: number) => void;
  /** Pictures that wait to be fetched. */
  readonly onWaiting: (pictureIds: readonly number[]) => Promise<void>;
}

/** Photos stored in one transaction: large enough to be quick, small enough that a crash loses nothing worth a word. */
const PAGE_SIZE = 256;

/** Walks the folder and stores what it names, page after page, so that no more than a page is in memory. */
export async function crawlFolder(app: App, options: CrawlFolderOptions): Promise<CrawlSummary> {
  const summary: CrawlSummary = { seen: 0, newPictures: 0, ignored: 0, overLimit: 0, complete: false };
  const perClass = new Map<string, number>();
  const { maxBytes } = app.config.fetch;
  const onIgnored = (): void => {
    summary.ignored += 1;
  };
  let page: NewCandidate[] = [];
  try {
    for await (const found of discoverFolder(options.from, { signal: options.signal, maxBytes, onIgnored })) {
      const candidate = admit(found, { options, perClass });
      if (candidate === null) summary.overLimit += 1;
      else page.push(candidate);
      summary.seen += 1;
      options.onFound(summary.seen);
      if (page.length < PAGE_SIZE) continue;
      await storePage(app, page, { options, summary });
      page = [];
    }
    summary.complete = !options.signal.aborted;
  } catch (error) {
    // Interrupted: what was found so far is stored; the next crawl walks the folder again.
    if (!options.signal.aborted) throw error;
  }
  await storePage(app, page, { options, summary });
  return summary;
}

/** The photo as a candidate, or null if its class has enough. */
function admit(
  found: FoundPhoto,
  { options, perClass }: { options: CrawlFolderOptions; perClass: Map<string, number> },
): NewCandidate | null {
  const candidate = candidateOf(found, options.rules);
  if (candidate.refusal !== null) return candidate;
  const count = perClass.get(candidate.wnid) ?? 0;
  if (options.limitPerClass !== null && count >= options.limitPerClass) return null;
  perClass.set(candidate.wnid, count + 1);
  return candidate;
}

async function storePage(
  app: App,
  page: readonly NewCandidate[],
  { options, summary }: { options: CrawlFolderOptions; summary: CrawlSummary },
): Promise<void> {
  if (page.length === 0) return;
  const stored = await app.db.transaction().execute((trx) => storeCandidates(trx, page));
  summary.newPictures += stored.newPictures;
  await options.onWaiting(stored.waiting);
}
