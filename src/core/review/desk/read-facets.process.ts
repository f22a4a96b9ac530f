import { countFacets, listCovers, type FacetPart } from './facets.repository.ts';
import type { ReviewFilter } from './desk.ts';
import type { ClassCovers, PhotoFacets } from './facets.ts';
import { classNameOf } from '../../models/workspace/workspace.process.ts';
import { deskViewOf, type DeskContext } from './read-desk.process.ts';

const NO_STATES = { open: 0, accepted: 0, rejected: 0, unsure: 0, disputed: 0 };

export async function readFacets(desk: DeskContext, filter: ReviewFilter): Promise<PhotoFacets> {
  const { app, collection } = desk.workspace;
  const { cap } = collection.policy;
  const { counts, confusions } = await countFacets(app.db, await deskViewOf(desk, filter), { filter, cap });
  const of = (part: FacetPart): Record<string, number> =>
    Object.fromEntries(counts.filter(({ facet }) => facet === part).map(({ value, photos }) => [value, photos]));
  return {
    states: { ...NO_STATES, ...of('state') },
    sources: of('source'),
    reasons: of('reason'),
    tags: of('tag'),
    predicted: counts
      .filter(({ facet }) => facet === 'predicted')
      .map(({ value, photos }) => ({ wnid: value, name: classNameOf(collection, value), photos })),
    flagged: of('flagged')['true'] ?? 0,
    confusions: confusions.map((one) => ({
      ...one,
      name: classNameOf(collection, one.wnid),
      confusionName: classNameOf(collection, one.confusionWnid),
    })),
  };
}

export async function readCovers(desk: DeskContext): Promise<ClassCovers> {
  const covers = await listCovers(desk.workspace.app.db, await deskViewOf(desk));
  return Object.fromEntries(covers.map(({ wnid, photos }) => [wnid, photos]));
}
