import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../../../../src/crawl/sources/inaturalist/answer.ts';
import { observationsSchema, readObservations } from '../../../../../src/crawl/sources/inaturalist/observations.ts';
import { parseTaxa } from '../../../../../src/crawl/sources/inaturalist/taxon-directory.ts';

const folder = fileURLToPath(new URL('../../../../fixtures/recordings/inaturalist/', import.meta.url));

function bodyOf(file: string): string {
  return readFileSync(`${folder}${file}`, 'utf8');
}

function read<Answer>(file: string, schema: z.ZodType<Answer>): Answer {
  const response = { status: 200, headers: {}, body: bodyOf(file), url: 'https://api.inaturalist.org/v1/recorded' };
  return readAnswer(response, schema, { nowMs: 0, what: 'a recorded answer' });
}

/** The photos of observations, shortened to the fields that distinguish them. */
const OBSERVATIONS: Readonly<Record<string, readonly string[]>> = {
  'pyinaturalist__v1_get_nonexistent_observation.json': [],
  'pyinaturalist__v1_get_observation.json': [
    '24355315 CC-BY-4.0 Nicolas Noé https://static.inaturalist.org/photos/24355315/large.jpeg 16227955',
    '24355313 CC-BY-4.0 Nicolas Noé https://static.inaturalist.org/photos/24355313/large.jpeg 16227955',
  ],
  // The same observation, years later: the host has changed and there is no epoch. The photos' licence still differs from the
  // observation's CC0.
  'pyinaturalist__v1_get_observations_by_id.json': [
    '24355315 CC-BY-4.0 Nicolas Noé https://inaturalist-open-data.s3.amazonaws.com/photos/24355315/large.jpeg 16227955',
    '24355313 CC-BY-4.0 Nicolas Noé https://inaturalist-open-data.s3.amazonaws.com/photos/24355313/large.jpeg 16227955',
  ],
  'pyinaturalist__v1_get_observation_with_sounds.json': [
    '139206257 CC0-1.0 Tom August https://inaturalist-open-data.s3.amazonaws.com/photos/139206257/large.png 84681407',
    '139206266 CC0-1.0 Tom August https://inaturalist-open-data.s3.amazonaws.com/photos/139206266/large.png 84681407',
  ],
  'pyinaturalist__v1_get_observations_page1.json': [
    '92152429 CC-BY-NC-4.0 samroom https://static.inaturalist.org/photos/92152429/large.jpg 57754375',
  ],
  'pyinaturalist__v1_get_observations_page2.min.json': [
    '92075215 all-rights-reserved ingridt3 https://static.inaturalist.org/photos/92075215/large.jpg 57707611',
  ],
};

/** The number of active taxa, and one of them. */
const TAXA: Readonly<Record<string, readonly [count: number, first: string]>> = {
  'pyinaturalist__v1_get_taxa.json': [30, '70118 species Nicrophorus vespilloides'],
  'pyinaturalist__v1_get_taxa_autocomplete.json': [10, '52747 family Vespidae'],
  'pyinaturalist__v1_get_taxa_by_id.json': [1, '70118 species Nicrophorus vespilloides'],
};

const NOT_CALLED: Readonly<Record<string, string>> = {
  'pyinaturalist__v1_get_observation_2.json': 'no answer of the site: an object that pyinaturalist has converted',
  'pyinaturalist__v1_get_observation_species_counts.json': 'counts of species are not asked for',
  'pyinaturalist__v1_get_search.json': 'names are looked up among taxa alone, not in the search over everything',
  'pyinaturalist__v2_get_observations_full.json': 'v1 is called, not v2',
  'pyinaturalist__v2_get_observations_minimal.json': 'v1 is called, not v2',
  'pyinaturalist__v2_get_taxa_full.json': 'v1 is called, not v2',
  'pyinaturalist__v2_get_taxa_minimal.json': 'v1 is called, not v2',
};

describe('recorded answers of iNaturalist', () => {
  it('are all read here, or belong to an endpoint that is not called', () => {
    const recorded = readdirSync(folder).filter((file) => file.endsWith('.json'));
    const known = [OBSERVATIONS, TAXA, NOT_CALLED].flatMap((files) => Object.keys(files));
    expect(recorded.toSorted()).toEqual(known.toSorted());
  });

  it.each(Object.entries(OBSERVATIONS))('%s gives its photos, each with its own rights', (file, expected) => {
    const answer = read(file, observationsSchema);
    const { photos } = readObservations(answer.results, { wnid: 'n1', size: 'large', idAbove: 0 });
    const lines = photos.map(
      ({ sourceId, licence, creator, url, pageUrl }) =>
        `${sourceId} ${licence} ${creator} ${url} ${pageUrl?.replace('https://www.inaturalist.org/observations/', '')}`,
    );
    expect(lines).toEqual(expected);
    expect(photos.every(({ problem }) => problem === null)).toBe(true);
  });

  it.each(Object.entries(TAXA))('%s gives its taxa', (file, [count, first]) => {
    const taxa = parseTaxa(read(file, z.object({ results: z.array(z.unknown()) })));
    expect(taxa).toHaveLength(count);
    expect(taxa.map(({ id, rank, name }) => `${id} ${rank} ${name}`)).toContain(first);
    expect(taxa.every(({ ancestorIds }) => ancestorIds.includes(48460))).toBe(true);
  });

  it('of version 2 have photos that are read as well', () => {
    const answer = read('pyinaturalist__v2_get_observations_full.json', observationsSchema);
    const { photos } = readObservations(answer.results, { wnid: 'n1', size: 'medium', idAbove: 0 });
    expect(photos.map(({ licence, url, problem }) => [licence, url, problem])).toEqual([
      ['all-rights-reserved', 'https://static.inaturalist.org/photos/20970868/medium.jpg', null],
      ['all-rights-reserved', 'https://static.inaturalist.org/photos/20970862/medium.jpg', null],
    ]);
  });

  it('without the required keys are reported, not read as photos', () => {
    const answer = read('pyinaturalist__v2_get_observations_minimal.json', observationsSchema);
    const { photos, ids } = readObservations(answer.results, { wnid: 'n1', size: 'large', idAbove: 7 });
    expect(ids).toEqual([]);
    expect(photos.map(({ sourceId, problem }) => [sourceId, problem?.reason])).toEqual([
      ['result-0-above-7', 'unreadable'],
    ]);
  });
});
