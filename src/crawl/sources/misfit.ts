import { UNKNOWN_LICENCE } from './licence.ts';
import type { FoundPhoto, Rights } from './source.ts';
import type { PhotoProblem } from '../../kernel/reasons.ts';

export const NO_RIGHTS: Rights = { licence: UNKNOWN_LICENCE, licenceUrl: null, creator: null, pageUrl: null };

export function unreadable(detail: string): PhotoProblem {
  return { state: 'failed', reason: 'unreadable', detail };
}

/** A candidate for a result or a row that is not a photo as documented, so that it is counted. */
export function misfitPhoto({
  detail,
  ...named
}: Pick<FoundPhoto, 'source' | 'sourceId' | 'label'> & { readonly detail: string }): FoundPhoto {
  return { ...named, url: '', ...NO_RIGHTS, problem: unreadable(detail) };
}
