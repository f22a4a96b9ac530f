import { countFacets, listCovers, type FacetPart } from './facets.repository.ts';
import type { ReviewFilter } from './desk.ts';
import type { ClassCovers, PhotoFacets } from './facets.ts';
import { nameOf } from '../../models/workspace/workspace.process.ts';
import { viewOf, type Desk } from './read-desk.process.ts';

const NO_STATES = { open: 0, accepted: 0, rejected: 0, unsure: 0, disputed: 0 };

export async function readFacets(desk: Desk, filter: ReviewFilter): Promise<PhotoFacets> {
  const { app, collection } = desk.workspace;
  const { cap } = collection.policy;
  const { counts, confusions } = await countFacets(app.db, await viewOf(desk), { filter, cap });
  const of = (part: FacetPart): Record<string, number> =>
    Object.fromEntries(counts.filter(({ facet }) => facet === part).map(({ value, photos }) => [value, photos]));
  return {
    states: { ...NO_STATES, ...of('state') },
    sources: of('source'),
    reasons: of('reason'),
    tags: of('tag'),
    predicted: counts
      .filter(({ facet }) => facet === 'predicted')
      .map(({ value, photos }) => ({ wnid: value, name: nameOf(collection, value), photos })),
    flagged: of('flagged')['true'] ?? 0,
    confusions: confusions.map((one) => ({
      ...one,
      name: nameOf(collection, one.wnid),
      confusionName: nameOf(collection, one.confusionWnid),
    })),
  };
}

export async function readCovers(desk: Desk): Promise<ClassCovers> {
  const covers = await listCovers(desk.workspace.app.db, await viewOf(desk));
  return Object.fromEntries(covers.map(({ wnid, photos }) => [wnid, photos]));
}
