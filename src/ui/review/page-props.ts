import type { ReviewSession } from './session.ts';

export interface PageProps {
  readonly session: ReviewSession;
  /** The match of the page's path, with its parts. */
  readonly match: readonly string[];
}
