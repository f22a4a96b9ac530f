import { Counter, Histogram, Registry } from 'prom-client';
import type { PausableStage } from '../../collection/pause.ts';
import { NETWORK_SOURCES, SOURCE_NAMES } from '../../config/sources/sources.ts';
import type { PhotosDone } from './stage-definition.ts';

/** The metrics of the work of this process, for Prometheus. A process has one of each, whatever it works on. */
export const workMetrics = new Registry();

const registers = [workMetrics];
const OTHER = 'other';
/** The source of filter counts: a photo may come from several sources. */
export const ANY_SOURCE = 'any';

const photosTotal = new Counter({
  name: 'winnow_photos_total',
  help: 'Photos that this process found, fetched or decided, by outcome',
  labelNames: ['stage', 'source', 'outcome'],
  registers,
});
const responsesTotal = new Counter({
  name: 'winnow_http_responses_total',
  help: "HTTP responses by the site (hosts of the sources; all others are 'other') and the class of the status",
  labelNames: ['host', 'class'],
  registers,
});
const jobSeconds = new Histogram({
  name: 'winnow_job_seconds',
  help: 'Time of a job, finished or failed',
  labelNames: ['stage'],
  buckets: [0.1, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320],
  registers,
});
const lostBytes = new Counter({
  name: 'winnow_lost_bytes_total',
  help: 'Photos whose stored bytes were missing, wrong or unreadable when this process read them; counted at each read',
  registers,
});

// A series that begins with 0 has a rate from its first photo on.
for (const source of NETWORK_SOURCES) photosTotal.inc({ stage: 'discover', source, outcome: 'found' }, 0);
for (const source of SOURCE_NAMES) {
  for (const outcome of ['fetched', 'dropped', 'failed', 'later'])
    photosTotal.inc({ stage: 'fetch', source, outcome }, 0);
}
for (const outcome of ['kept', 'dropped', 'failed'])
  photosTotal.inc({ stage: 'filter', source: ANY_SOURCE, outcome }, 0);
for (const stage of ['discover', 'fetch', 'filter']) jobSeconds.zero({ stage });

/** The work of one stage since it was last asked for. */
export interface StageWork {
  jobs: number;
  failedJobs: number;
  seconds: number;
  /** By outcome. */
  readonly photos: Record<string, number>;
  /** Refused photos by reason, and failed jobs by the code of the error. */
  readonly reasons: Record<string, number>;
}

let sinceTaken = new Map<PausableStage, StageWork>();

/** The work of each stage since the last call. A stage that did nothing is left out. */
export function takeWork(): ReadonlyMap<PausableStage, StageWork> {
  const taken = sinceTaken;
  sinceTaken = new Map();
  return taken;
}

export function recordPhotosDone(stage: PausableStage, { source, outcome, reason, count }: PhotosDone): void {
  const isKnown = source === ANY_SOURCE || SOURCE_NAMES.some((name) => name === source);
  photosTotal.inc({ stage, source: isKnown ? source : OTHER, outcome }, count);
  const work = workOf(stage);
  add(work.photos, outcome, count);
  if (reason !== null) add(work.reasons, reason, count);
}

/** Counts a job that ended. `failure` is the code of the error of a job that failed. */
export function countJob(stage: PausableStage, seconds: number, failure?: string): void {
  jobSeconds.observe({ stage }, seconds);
  const work = workOf(stage);
  work.jobs += 1;
  work.seconds += seconds;
  if (failure === undefined) return;
  work.failedJobs += 1;
  add(work.reasons, failure, 1);
}

/** Counts an HTTP response. `host` is null for a host that belongs to no source. */
export function countResponse(host: string | null, status: number): void {
  responsesTotal.inc({ host: host ?? OTHER, class: `${Math.floor(status / 100)}xx` });
}

/** Counts photos whose bytes this process needed and did not find as they were stored. */
export function countLostBytes(photos: number): void {
  lostBytes.inc(photos);
}

function workOf(stage: PausableStage): StageWork {
  const work = sinceTaken.get(stage) ?? { jobs: 0, failedJobs: 0, seconds: 0, photos: {}, reasons: {} };
  sinceTaken.set(stage, work);
  return work;
}

function add(counts: Record<string, number>, name: string, count: number): void {
  if (count > 0) counts[name] = (counts[name] ?? 0) + count;
}
