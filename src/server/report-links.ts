import type { ReportedPhotos } from '../report/report.ts';
import type { LinkOf } from '../ui/report/context.ts';
import { pathOf } from '../ui/shared/frame.tsx';

type Query = Readonly<Record<string, string>>;

/** Stages whose photos a grid of the review shows. */
const GRIDS: Readonly<Record<string, Query>> = {
  accepted: { state: 'accepted' },
  rejected: { state: 'rejected' },
  listed: {},
};

/**
 * Where the pages of a collection show the photos behind a number of its report. The grid of the review only has listed photos.
 * Kept ones are on the contact sheet, by class.
 *
 * @param which the photos that the report is of
 */
export function reportLinks(collection: string, which: ReportedPhotos): LinkOf {
  const base = pathOf(collection);
  const address = (page: string, query: Query): string => {
    const text = new URLSearchParams(query).toString();
    return `${base}${page}${text === '' ? '' : `?${text}`}`;
  };
  return (kind, key, { predictedWnid, stage = which } = {}) => {
    const grid = (query: Query): string | null => {
      const limits = GRIDS[stage];
      return limits === undefined ? null : address('review/grid', { ...query, ...limits });
    };
    const as: Query = predictedWnid === undefined ? {} : { as: predictedWnid };
    if (kind === 'stage') {
      if (key === 'kept') return address('sheet/shortlist.html', {});
      const limits = GRIDS[key];
      return limits === undefined ? base : address('review/grid', limits);
    }
    if (kind === 'class' && stage === 'kept') return address('sheet/class', { id: key });
    if (kind === 'class' || kind === 'confusion') return grid({ class: key, ...as });
    if (kind === 'source' || kind === 'tag') return grid({ [kind]: key });
    if (kind === 'photo') return `/photos/${key}`;
    if (kind === 'revision') return `${base}revisions#r-${key.slice(0, 12)}`;
    return null;
  };
}
