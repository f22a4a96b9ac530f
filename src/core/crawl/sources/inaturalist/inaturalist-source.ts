import type { Config } from '../../../config/settings.ts';
import * as z from 'zod';
import { GiveUpOnItem, RetryLater } from '../../../kernel/errors.ts';
import type {
  Json,
  NetworkSource,
  ResultPage,
  PlannedQuery,
  PlanResult,
  SourceApi,
  WantedClass,
} from '../network-source.ts';
import { classText } from '../class-line.ts';
import { shownAddress } from '../picture-address.ts';
import { AnnotationDirectory, findAnnotation, type AnnotationIds } from './annotations.ts';
import { readAnswer } from './answer.ts';
import { entriesOf, type TaxonEntry } from './entry.ts';
import { photoLicenceFilter } from './photo.ts';
import { INATURALIST, observationsSchema, readObservations, type ObservationsAnswer } from './observations.ts';
import { resolveEntry, titleOfResolved, type ResolvedEntry } from './resolve.ts';
import { taxonText } from './taxon.ts';
import { TaxonDirectory } from './taxon-directory.ts';

export interface InaturalistSettings extends Pick<
  Config['sources']['inaturalist'],
  'url' | 'photoSize' | 'qualityGrade' | 'captive'
> {
  /** The collection's allowed licences. If all of them can be searched for, observations without such a photo are not listed. */
  readonly licences: 'any' | readonly string[];
}

/** The site reduces larger values to 200 without notice. */
const OBSERVATIONS_PER_PAGE = 200;

const paramsSchema = z.object({ wnid: z.string(), search: z.record(z.string(), z.string()) });
const cursorSchema = z.int().nonnegative();

/**
 * iNaturalist through its API, v1 (https://api.inaturalist.org/v1/docs/). Names are resolved to taxa once. Then the
 * observations of each taxon are read in the order of their ids, 200 at a time. The cursor is the last id, as the site
 * recommends for many results, because pages end at 10,000 results.
 */
export class InaturalistSource implements NetworkSource {
  readonly name = INATURALIST;
  readonly #settings: InaturalistSettings;
  readonly #url: string;
  readonly #taxa: TaxonDirectory;
  readonly #annotations: AnnotationDirectory;

  constructor(settings: InaturalistSettings) {
    this.#settings = settings;
    this.#url = settings.url.replace(/\/+$/, '');
    this.#taxa = new TaxonDirectory(this.#url);
    this.#annotations = new AnnotationDirectory(this.#url);
  }

  /** Requests each name once: one request for a name found at its rank, one more for any other, one for each exclusion. */
  async plan(wanted: WantedClass, api: SourceApi): Promise<PlanResult> {
    const { entries, problems: misfits, notes: remarks } = entriesOf(wanted);
    const problems = [...misfits];
    const notes = [...remarks];
    const queries = new Map<string, PlannedQuery>();
    const licences = photoLicenceFilter(this.#settings.licences);
    if (licences === '' && entries.length > 0) {
      return { queries: [], problems, notes: [...notes, `${classText(wanted)}: ${NO_SUCH_LICENCE}`] };
    }
    for (const entry of entries) {
      const planned = await this.#planEntry(entry, { wanted, licences, api });
      problems.push(...planned.problems);
      notes.push(...planned.notes);
      for (const query of planned.queries) {
        if (queries.has(query.key)) notes.push(`${query.title} is in the line of ${classText(wanted)} twice`);
        queries.set(query.key, query);
      }
    }
    return { queries: [...queries.values()], problems, notes };
  }

  async nextPage(query: PlannedQuery, cursor: Json | null, api: SourceApi): Promise<ResultPage> {
    const { wnid, search } = paramsSchema.parse(query.params);
    const idAbove = cursorSchema.parse(cursor ?? 0);
    const params = new URLSearchParams({
      ...search,
      ...(query.since == null ? {} : { created_d1: query.since }),
      // The default order is by creation, newest first. With id_above, it would lose everything except the first page.
      order_by: 'id',
      order: 'asc',
      id_above: String(idAbove),
      per_page: String(OBSERVATIONS_PER_PAGE),
    });
    const url = `${this.#url}/observations?${params.toString()}`;
    const response = await api.send({ url, headers: { accept: 'application/json' } });
    const answer = readAnswer(response, observationsSchema, { nowMs: api.nowMs(), what: 'a page of observations' });
    const { photos, ids } = readObservations(answer.results, { wnid, size: this.#settings.photoSize, idAbove });
    return {
      photos,
      next: isLast(answer) ? null : lastId(ids, { idAbove, url }),
      resume: ids.at(-1) ?? idAbove,
      // With id_above, the site counts only the remaining results.
      total: cursor === null ? (answer.total_results ?? null) : null,
    };
  }

  async #planEntry(entry: TaxonEntry, { wanted, licences, api }: EntryContext): Promise<PlanResult> {
    try {
      const { resolved, problems, notes } = await resolveEntry(entry, this.#taxa.through(api));
      if (resolved === null) return { queries: [], problems, notes };
      const { annotation: label } = entry;
      const annotation = label === null ? { ids: null } : findAnnotation(await this.#annotations.terms(api), label);
      if ('problem' in annotation) {
        const problem = `${annotation.problem}; ${taxonText(resolved.taxon)} is not searched for`;
        return { queries: [], problems: [...problems, problem], notes };
      }
      return { queries: [this.#query(resolved, annotation.ids, { wanted, licences })], problems, notes };
    } catch (error) {
      if (error instanceof GiveUpOnItem) return { queries: [], problems: [error.message], notes: [] };
      throw error;
    }
  }

  #query(
    resolved: ResolvedEntry,
    ids: AnnotationIds | null,
    { wanted: { wnid }, licences }: Omit<EntryContext, 'api'>,
  ): PlannedQuery {
    const { taxon, excluded, entry } = resolved;
    const { qualityGrade, captive } = this.#settings;
    const search: Record<string, string> = { taxon_id: String(taxon.id), photos: 'true' };
    if (excluded.length > 0) search['without_taxon_id'] = excluded.map(({ id }) => id).join(',');
    if (ids !== null) {
      search['term_id'] = String(ids.termId);
      search['term_value_id'] = String(ids.valueId);
    }
    if (qualityGrade !== 'any') search['quality_grade'] = qualityGrade;
    if (captive !== 'any') search['captive'] = captive;
    if (licences !== null) search['photo_license'] = licences;
    const annotated = entry.annotation === null ? '' : `, ${entry.annotation.term}: ${entry.annotation.value}`;
    return {
      // The key contains everything that decides which observations are listed: other settings make another walk.
      key: new URLSearchParams(search).toString(),
      title: `${titleOfResolved(resolved)}${annotated}`,
      params: { wnid, search },
    };
  }
}

interface EntryContext {
  readonly wanted: WantedClass;
  readonly licences: string | null;
  readonly api: SourceApi;
}

const NO_SUCH_LICENCE =
  'no search is made, because no photo at iNaturalist has a licence that the collection allows ' +
  '(CC0-1.0, the Creative Commons licences in version 4.0, Public-Domain, GFDL, all-rights-reserved)';

/** A page may lack observations that were just deleted, so one that is not full need not be the last. */
function isLast({ results, per_page: perPage, total_results: left }: ObservationsAnswer): boolean {
  if (results.length === 0) return true;
  const size = perPage === null || perPage === undefined || perPage < 1 ? OBSERVATIONS_PER_PAGE : perPage;
  return results.length < Math.min(size, OBSERVATIONS_PER_PAGE) && (left ?? 0) <= results.length;
}

/** Returns the next cursor. Ids must ascend: a page out of order would skip observations, and repeated ids would never end. */
function lastId(ids: readonly number[], { idAbove, url }: { idAbove: number; url: string }): number {
  let last = idAbove;
  for (const id of ids) {
    if (id <= last) {
      throw new RetryLater(
        `Expected observations in the order of their ids from ${shownAddress(url)} but received ${id} after ${last}`,
        {
          code: 'inaturalist-out-of-order',
        },
      );
    }
    last = id;
  }
  if (ids.length > 0) return last;
  throw new RetryLater(
    `Expected observations with ids from ${shownAddress(url)} but received none in a page of results`,
    {
      code: 'inaturalist-unusable-answer',
    },
  );
}
