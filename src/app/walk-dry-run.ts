import type { NewCandidate } from '../candidate/candidate.ts';
import { messageOf, RetryLater, SourceBlocked } from '../kernel/errors.ts';
import type { App } from './app.ts';
import { admit, type CrawlWalkOptions, type WalkOptions } from './crawl-walk.ts';
import type { DryRunLine } from './dry-run-line.ts';

export type WalkDryRunOptions = Pick<CrawlWalkOptions, 'walk' | 'rules' | 'wanted' | 'limitPerClass' | 'signal'>;

/**
 * What a crawl would take from a source that is walked: its photos by class, and what would be passed over, by reason. A
 * source that is too large to be walked for that says what it would look for.
 */
export async function* walkDryRun(app: App, options: WalkDryRunOptions): AsyncGenerator<DryRunLine> {
  const { walk, signal } = options;
  const about = { source: walk.source, wnid: null, total: null, problem: null };
  const counts = new PhotoCounts();
  const notes: string[] = [];
  try {
    if (walk.preview === undefined) await count(app, options, { counts, notes });
    else yield* walk.preview(signal);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof RetryLater) && !(error instanceof SourceBlocked)) throw error;
    yield { ...about, title: 'cannot be looked through', problem: messageOf(error) };
  }
  for (const { wnid, title, total } of counts.lines()) yield { ...about, wnid, title, total };
  for (const note of notes) yield { ...about, title: note };
}

async function count(
  app: App,
  options: WalkDryRunOptions,
  { counts, notes }: { counts: PhotoCounts; notes: string[] },
): Promise<void> {
  const { walk, signal, limitPerClass } = options;
  const perClass = new Map<string, number>();
  const walkOptions: WalkOptions = {
    signal,
    limitPerClass,
    admitted: perClass,
    flush: () => Promise.resolve(),
    onIgnored: () => counts.add(null, 'passed over, system files'),
    onNote: (note) => notes.push(note),
  };
  for await (const found of walk.photos(app, walkOptions)) {
    const candidate = admit(found, { options, perClass });
    if (candidate === 'over-limit') counts.add(null, 'passed over, their classes have reached the limit');
    else if (candidate === 'not-wanted') counts.add(null, 'passed over, of other classes');
    else counts.add(...fateOf(candidate));
  }
}

/** The class of a photo that would be fetched; else why it would not be. */
function fateOf({ wnid, refusal, problem }: NewCandidate): [wnid: string | null, title: string] {
  if (refusal !== null) return [null, `dropped, ${refusal.reason}`];
  if (problem !== null) return [null, `${problem.state}, ${problem.reason}`];
  return [wnid, ''];
}

interface PhotoCount {
  readonly wnid: string | null;
  readonly title: string;
  total: number;
}

class PhotoCounts {
  readonly #lines = new Map<string, PhotoCount>();

  add(wnid: string | null, title: string): void {
    const key = orderOf({ wnid, title });
    const line = this.#lines.get(key) ?? { wnid, title, total: 0 };
    line.total += 1;
    this.#lines.set(key, line);
  }

  lines(): readonly PhotoCount[] {
    return [...this.#lines.values()].toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  }
}

/** Classes first, by wnid; one key a line. */
function orderOf({ wnid, title }: Pick<PhotoCount, 'wnid' | 'title'>): string {
  return JSON.stringify(wnid === null ? [2, title] : [1, wnid, title]);
}
