import type { NewCandidate } from '../candidates/candidate.ts';
import { messageOf, RetryLater, SourceBlocked } from '../../kernel/errors.ts';
import { admit, type CrawlWalkOptions, type ListedSource, type WalkOptions } from './crawl-walk.process.ts';
import type { DryRunLine } from './dry-run.process.ts';
import { UnknownLabels } from './unknown-labels.ts';

export type WalkDryRunOptions = Pick<CrawlWalkOptions, 'walk' | 'rules' | 'wanted' | 'limitPerClass' | 'signal'>;

/** Counts a source's photos by class, and those that would be skipped by reason. A dump lists what it would search for. */
export async function* walkDryRun(options: WalkDryRunOptions): AsyncGenerator<DryRunLine> {
  const { walk, signal } = options;
  const about = { source: walk.source, wnid: null, total: null, problem: null };
  const counts = new PhotoCounts();
  const unknownLabels = new UnknownLabels();
  const notes: string[] = [];
  try {
    if (walk.preview === undefined) await count(walk, options, { counts, unknownLabels, notes });
    else yield* walk.preview(signal);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof RetryLater) && !(error instanceof SourceBlocked)) throw error;
    yield { ...about, title: 'cannot be looked through', problem: messageOf(error) };
  }
  for (const { wnid, title, total } of counts.lines()) yield { ...about, wnid, title, total };
  for (const note of notes) yield { ...about, title: note };
  // As in a crawl: if no photo has a known class, the folder or its classes are wrong.
  const isAllUnknown = unknownLabels.count > 0 && unknownLabels.count === counts.total;
  for (const sentence of unknownLabels.sentences())
    yield isAllUnknown
      ? { ...about, title: 'no photo can be taken', problem: sentence }
      : { ...about, title: sentence };
}

async function count(
  walk: ListedSource,
  options: WalkDryRunOptions,
  { counts, unknownLabels, notes }: { counts: PhotoCounts; unknownLabels: UnknownLabels; notes: string[] },
): Promise<void> {
  const { signal, limitPerClass } = options;
  const perClass = new Map<string, number>();
  const walkOptions: WalkOptions = {
    signal,
    limitPerClass,
    admitted: perClass,
    flush: () => Promise.resolve(),
    onIgnored: () => counts.add(null, SYSTEM_FILES),
    onNote: (note) => notes.push(note),
  };
  for await (const found of walk.photos(walkOptions)) {
    const candidate = admit(found, { options, perClass });
    if (candidate === 'over-limit') counts.add(null, 'passed over, their classes have reached the limit');
    else if (candidate === 'not-wanted') counts.add(null, 'passed over, of other classes');
    else {
      counts.add(...fateOf(candidate));
      unknownLabels.note(candidate);
    }
  }
}

function fateOf({ wnid, refusal, problem }: NewCandidate): [wnid: string | null, title: string] {
  if (refusal !== null) return [null, `dropped, ${refusal.reason}`];
  if (problem !== null) return [null, `${problem.state}, ${problem.reason}`];
  return [wnid, ''];
}

const SYSTEM_FILES = 'passed over, system files';

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

  /** The number of all photos, without system files. */
  get total(): number {
    return this.lines().reduce((sum, { title, total }) => (title === SYSTEM_FILES ? sum : sum + total), 0);
  }

  lines(): readonly PhotoCount[] {
    return [...this.#lines.values()].toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  }
}

function orderOf({ wnid, title }: Pick<PhotoCount, 'wnid' | 'title'>): string {
  return JSON.stringify(wnid === null ? [2, title] : [1, wnid, title]);
}
