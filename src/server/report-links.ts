import type { LinkOf } from '../ui/report/context.ts';
import { pathOf } from '../ui/shared/frame.tsx';

const STATES: Readonly<Record<string, string>> = {
  accepted: '?state=accepted',
  rejected: '?state=rejected',
  listed: '',
};

/** Where the pages of a collection show the photos behind a number of its report. */
export function reportLinks(collection: string): LinkOf {
  const base = pathOf(collection);
  const grid = (query: Readonly<Record<string, string>>): string =>
    `${base}review/grid?${new URLSearchParams(query).toString()}`;
  return (kind, key, predictedWnid) => {
    if (kind === 'stage') {
      const state = STATES[key];
      return state === undefined
        ? key === 'kept'
          ? `${base}sheet/shortlist.html`
          : base
        : `${base}review/grid${state}`;
    }
    if (kind === 'class') return grid({ class: key });
    if (kind === 'confusion')
      return grid({ class: key, ...(predictedWnid === undefined ? {} : { as: predictedWnid }) });
    if (kind === 'source' || kind === 'tag') return grid({ [kind]: key });
    if (kind === 'photo') return `/photos/${key}`;
    if (kind === 'revision') return `${base}revisions#r-${key.slice(0, 12)}`;
    return null;
  };
}
