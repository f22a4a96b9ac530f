import { silenceS3Client } from './core/config/env.ts';
import type { Verification } from './core/export/verify/findings.ts';
import { UsageError } from './core/kernel/errors.ts';
import { openLineLogger } from './core/platform/log/logger.ts';
import { requireData } from './core/runtime/open/data-folder.process.ts';
import {
  namedCollection,
  onlyCollection,
  openData,
  settingsFor,
  errorForProgram,
  type Place,
} from './core/library/open.process.ts';
import type { OpenOptions, VerifyOptions } from './core/library/options.ts';
import { throttled, Winnow as CoreWinnow } from './core/library/winnow.process.ts';
import type { ReportOptions } from './measure/library/options.ts';

export type { ExportResult } from './core/export/export.process.ts';
export type { DecisionLine } from './core/filter/run/decision-line.ts';
export type { Acceptance } from './core/kernel/acceptance.ts';
export type { ReviewEvent } from './core/review/events/event.ts';
export type { CandidateLine } from './core/status/candidate-list.repository.ts';
export type { Status } from './core/status/status.process.ts';
export type { CrawlSummary } from './core/library/crawl-summary.process.ts';
export type { FilterSummary } from './core/library/filter-summary.process.ts';
export type { ImportSummary } from './core/library/import.process.ts';
export type { ListedLine, StandingLine } from './core/library/lists.process.ts';
export type { ShortlistSummary } from './core/library/shortlist.process.ts';
export { Interrupted, StopTheRun, UsageError, WinnowError } from './core/kernel/errors.ts';
export type {
  CrawlOptions,
  ExportOptions,
  ImportOptions,
  ListOptions,
  OpenOptions,
  Progress,
  ShortlistOptions,
  VerifyOptions,
  WorkOptions,
} from './core/library/options.ts';
export type { ReportOptions, Verification, Winnow };

/**
 * An opened collection in its data folder. A method does what the command of its name does, and returns what that command
 * prints with `--json`. The lists are read while they are used.
 */
class Winnow extends CoreWinnow {
  /** Writes report.html, report.json, csv/ and figures/. */
  async report(options: ReportOptions): Promise<{ readonly path: string }> {
    return this.work('follow', options, async (workspace, signal) => {
      const { reportAndRecord } = await import('./measure/library/report.process.ts');
      return { path: (await reportAndRecord(workspace, { ...throttled(options), signal })).path };
    });
  }
}

/** How many handles this process has opened: each has a name of its own in the database's list of clients. */
let opened = 0;

/**
 * Opens a collection in its data folder. Close it at the end.
 *
 * @throws UsageError `no-data`, `collection-missing`, `unknown-collection`, `bad-collection`, `bad-setting` and others; StopTheRun; Interrupted
 */
export async function openWinnow(options: OpenOptions = {}): Promise<Winnow> {
  const place = placeOf(options);
  try {
    return await open(options, place);
  } catch (error) {
    throw await errorForProgram(error, place.signal, null);
  }
}

async function open(options: OpenOptions, place: Place): Promise<Winnow> {
  const { collection, warnings } = await collectionOf(options, place);
  const loaded = await settingsFor(place, collection);
  if (loaded.config.blobs.url !== null) silenceS3Client();
  const log = place.logOf(loaded);
  for (const warning of loaded.warnings.concat(warnings)) log.warn(warning);
  const access = options.create === true ? 'fill' : 'use';
  const app = await openData(
    { ...place, loaded, log },
    { name: `library-${(opened += 1)}`, access, waitsForDatabase: true },
  );
  return new Winnow(app, collection);
}

/**
 * Checks that a folder is what its export claims. It needs no data folder, only the models.
 *
 * @throws UsageError `not-a-folder`, `not-an-export` and others; Interrupted
 */
export async function verifyExport(dir: string, options: VerifyOptions = {}): Promise<Verification> {
  const { verifyWith } = await import('./core/library/verify.process.ts');
  const place = placeOf(options);
  try {
    const loaded = await settingsFor(place, null);
    const given = { ...throttled(options), signal: place.signal };
    return await verifyWith({ config: loaded.config, log: place.logOf(loaded) }, dir, given);
  } catch (error) {
    throw await errorForProgram(error, place.signal, null);
  }
}

async function collectionOf(
  { collection: name, create: mayCreate = false }: OpenOptions,
  place: Place,
): ReturnType<typeof namedCollection> {
  if (name !== undefined) return namedCollection(name, place);
  const found = await onlyCollection(place);
  if (found === null && !mayCreate) await requireData(place.data);
  else if (found !== null && !('length' in found)) return { collection: found, warnings: [] };
  const has = found === null || found.length === 0 ? 'none yet' : found.join(', ');
  throw new UsageError(`No collection was given, and the catalogue has ${has}. Give one as 'collection'.`, {
    code: 'collection-missing',
  });
}

function placeOf({ data = 'data', config, settings = {}, log, signal }: OpenOptions): Place {
  return {
    data,
    config,
    settings: Object.entries(settings).map(([name, value]) => [name, String(value), "'settings'"] as const),
    signal: signal ?? new AbortController().signal,
    waitsForDatabase: true,
    logOf: (loaded) => openLineLogger(log === undefined ? 'silent' : loaded.config.log.level, log ?? process.stderr),
  };
}
