import { SITE_TERMS, type InaturalistWorld, type SiteObservation, type SiteTaxon } from './inaturalist-world.ts';
import type { LocalAnswer } from './local-server.ts';

/** `maxPerPage`: largest page of /observations. The site's is 200. */
export type InaturalistApiOptions = { readonly world: InaturalistWorld; readonly maxPerPage?: number };

/** `blocked`: 403 with a page. */
export type ApiMode = 'normal' | 'blocked';

const ROBOTS_FORBID = { status: 200, headers: { 'content-type': 'text/plain' }, body: 'User-agent: *\nDisallow: /\n' };

/**
 * The answers of the API v1, as far as a crawler meets it: no server, no sockets. Searches by quality, licence and the like
 * find all: the tests of the source compare their parameters.
 */
export class InaturalistApi {
  readonly #options: InaturalistApiOptions;
  readonly #mediaUrl: string;
  readonly #taxa: ReadonlyMap<number, SiteTaxon>;
  readonly #counts = new Map<number, number>();

  constructor(options: InaturalistApiOptions, mediaUrl: string) {
    this.#options = options;
    this.#mediaUrl = mediaUrl;
    this.#taxa = new Map(options.world.taxa.map((taxon) => [taxon.id, taxon]));
    for (const { taxonId } of options.world.observations) {
      for (const id of this.#lineage(taxonId)) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    }
  }

  answer(url: URL, mode: ApiMode): LocalAnswer {
    if (url.pathname === '/robots.txt') return ROBOTS_FORBID;
    if (mode === 'blocked')
      return { status: 403, headers: HTML, body: '<html><h1>403 Forbidden</h1>Your IP is blocked</html>' };
    if (url.pathname === '/v1/taxa') return this.#searchTaxa(url.searchParams);
    if (url.pathname === '/v1/observations') return this.#observations(url.searchParams);
    if (url.pathname === '/v1/controlled_terms') return terms();
    return problem(404, 'Not Found');
  }

  /** From the root down to the taxon. */
  #lineage(id: number): number[] {
    const lineage: number[] = [];
    for (let taxon = this.#taxa.get(id); taxon !== undefined; taxon = this.#taxa.get(taxon.parentId ?? -1)) {
      lineage.unshift(taxon.id);
    }
    return lineage;
  }

  /** Every word of `q` must begin a word of one of the names, common names included; most observed first. */
  #searchTaxa(params: URLSearchParams): LocalAnswer {
    const rank = params.get('rank');
    if (rank !== null && !RANKS.has(rank)) return problem(422, `unknown rank ${rank}`);
    const isActive = params.get('is_active') ?? 'true';
    const found = this.#named(params.get('q') ?? '')
      .filter((taxon) => isActive === 'any' || String(taxon.isActive) === isActive)
      .filter((taxon) => rank === null || taxon.rank === rank)
      .toSorted((a, b) => this.#count(b) - this.#count(a));
    const window = windowOf(params, 500);
    const names = params.get('all_names') === 'true';
    const results = slice(found, window).map((taxon) => this.#taxonJson(taxon, names));
    return json(pageOf(results, found.length, window));
  }

  #named(q: string): SiteTaxon[] {
    const words = wordsOf(q);
    const matches = (name: string): boolean => {
      const given = wordsOf(name);
      return words.every((word) => given.some((other) => other.startsWith(word)));
    };
    return [...this.#taxa.values()].filter((taxon) => [taxon, ...taxon.otherNames].some(({ name }) => matches(name)));
  }

  #count({ id }: SiteTaxon): number {
    return this.#counts.get(id) ?? 0;
  }

  #taxonJson(taxon: SiteTaxon, withNames: boolean): object {
    return {
      id: taxon.id,
      name: taxon.name,
      rank: taxon.rank,
      is_active: taxon.isActive,
      ancestor_ids: this.#lineage(taxon.id),
      ...(withNames ? { names: [{ name: taxon.name, locale: 'sci', is_valid: true }, ...taxon.otherNames] } : {}),
    };
  }

  #observations(params: URLSearchParams): LocalAnswer {
    const window = windowOf(params, this.#options.maxPerPage ?? 200);
    const found = this.#options.world.observations.filter((one) => this.#matches(one, params));
    const results = slice(found, window).map((observation) => this.#observationJson(observation));
    return json(pageOf(results, found.length, window));
  }

  #matches(one: SiteObservation, params: URLSearchParams): boolean {
    const lineage = this.#lineage(one.taxonId).map(String);
    const termIds = listOf(params, 'term_id');
    const valueIds = listOf(params, 'term_value_id');
    return (
      listOf(params, 'taxon_id')?.some((id) => lineage.includes(id)) !== false &&
      listOf(params, 'without_taxon_id')?.some((id) => lineage.includes(id)) !== true &&
      one.id > Number(params.get('id_above') ?? 0) &&
      (termIds === null ||
        one.annotations.some(
          ({ termId, valueId }) =>
            termIds.includes(String(termId)) && (valueIds === null || valueIds.includes(String(valueId))),
        ))
    );
  }

  #observationJson(one: SiteObservation): object {
    return {
      id: one.id,
      license_code: one.licence,
      spam: one.spam,
      flags: [],
      user: one.user,
      photos: one.photos.map(({ id, licence, extension, hidden, flags }) => ({
        id,
        license_code: licence,
        url: `${this.#mediaUrl}/photos/${id}/square.${extension}`,
        attribution: attributionOf(one.user, licence),
        hidden,
        flags,
      })),
    };
  }
}

function terms(): LocalAnswer {
  const results = SITE_TERMS.map((term) => ({
    id: term.id,
    label: term.label,
    values: Object.entries(term.values).map(([label, id]) => ({ id, label })),
  }));
  return json(pageOf(results, results.length, { page: 1, perPage: 30 }));
}

/** As in lib/models/taxon.js of iNaturalistAPI, and the root's. */
const RANKS = new Set(
  (
    'stateofmatter kingdom phylum subphylum superclass class subclass superorder order suborder infraorder superfamily ' +
    'epifamily family subfamily supertribe tribe subtribe genus genushybrid species hybrid subspecies variety form'
  ).split(' '),
);

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const HTML = { 'content-type': 'text/html' };

function json(body: object): LocalAnswer {
  return { status: 200, headers: JSON_TYPE, body: JSON.stringify(body) };
}

function problem(status: number, error: string): LocalAnswer {
  return { status, headers: JSON_TYPE, body: JSON.stringify({ error, status }) };
}

interface Window {
  readonly page: number;
  readonly perPage: number;
}

/** A page that is too large is made smaller without a word; 0 means that only the count is wanted. */
function windowOf(params: URLSearchParams, max: number): Window {
  return { page: Number(params.get('page') ?? 1), perPage: Math.min(Number(params.get('per_page') ?? 30), max) };
}

function slice<Item>(items: readonly Item[], { page, perPage }: Window): readonly Item[] {
  return items.slice((page - 1) * perPage, page * perPage);
}

function pageOf(results: readonly object[], total: number, { page, perPage }: Window): object {
  return { total_results: total, page, per_page: perPage, results };
}

function listOf(params: URLSearchParams, name: string): string[] | null {
  const value = params.get(name);
  return value === null || value === '' ? null : value.split(',');
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[\s\-×]+/)
    .filter((word) => word !== '');
}

function attributionOf({ name, login }: SiteObservation['user'], licence: string | null): string {
  const who = name ?? login;
  if (licence === 'cc0') return 'no rights reserved';
  if (licence === 'pd') return `${who}, no known copyright restrictions (public domain)`;
  const rights = licence === null ? 'all rights reserved' : `some rights reserved (${licence.toUpperCase()})`;
  return `(c) ${who}, ${rights}`;
}
