import type { ReportedPhotos } from '../../measure/report/report.ts';
import type { LinkDetails, LinkKind, LinkOf } from '../../measure/report/page/context.ts';
import { pathOf } from '../../core/page/frame.tsx';

type Query = Readonly<Record<string, string>>;

type LinkAt = (key: string, details: LinkDetails & Required<Pick<LinkDetails, 'stage'>>) => string | null;

/** Stages whose photos a grid of the review shows. */
const GRIDS: Readonly<Record<string, Query>> = {
  accepted: { state: 'accepted' },
  rejected: { state: 'rejected' },
  listed: {},
};

/** The grid of the review has listed photos only. Kept ones are on the contact sheet, by class. */
export function reportLinks(collection: string, which: ReportedPhotos): LinkOf {
  const base = pathOf(collection);
  const links: Readonly<Record<LinkKind, LinkAt>> = {
    stage: (key) => gridOf(key) ?? (key === 'kept' ? `${base}sheet/shortlist.html` : base),
    class: (key, { stage }) =>
      stage === 'kept' ? `${base}sheet/class?id=${encodeURIComponent(key)}` : gridOf(stage, { class: key }),
    confusion: (key, { stage, predictedWnid }) =>
      gridOf(stage, { class: key, ...(predictedWnid === undefined ? {} : { as: predictedWnid }) }),
    source: (key, { stage }) => gridOf(stage, { source: key }),
    tag: (key, { stage }) => gridOf(stage, { tag: key }),
    licence: () => null,
    photo: (key) => `/photos/${key}`,
    revision: (key) => `${base}revisions#r-${key.slice(0, 12)}`,
  };
  return (kind, key, details = {}) => links[kind](key, { stage: which, ...details });

  function gridOf(stage: string, query: Query = {}): string | null {
    const limits = GRIDS[stage];
    if (limits === undefined) return null;
    const text = new URLSearchParams({ ...query, ...limits }).toString();
    return `${base}review/grid${text === '' ? '' : `?${text}`}`;
  }
}
