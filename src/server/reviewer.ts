import type { Site } from './dashboard.ts';
import type { Exchange } from './route.ts';

/** The name of the person who asks: as the browser keeps it, or as the command that started the server gave it. */
export function reviewerOf({ request }: Exchange, { reviewer }: Pick<Site, 'reviewer'>): string | null {
  const kept = /(?:^|;\s*)winnow_reviewer=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
  return kept === undefined ? reviewer : decodeURIComponent(kept);
}
