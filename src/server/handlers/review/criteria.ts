import { storeCriteria } from '../../../review/criteria.repository.ts';
import type { Site } from '../../dashboard.ts';
import { namedDesk } from '../../desk-of.ts';
import { bodyOf, criteriaBody } from '../../review-requests.ts';
import type { Exchange } from '../../route.ts';

/** Changes what counts in a collection. */
export async function changeCriteria(exchange: Exchange, site: Site): Promise<{ readonly criteria: string }> {
  const { text } = bodyOf(criteriaBody, exchange);
  const { workspace, reviewer } = await namedDesk(exchange, site);
  await storeCriteria(site.app.db, workspace.scope.collectionId, { text, by: reviewer });
  return { criteria: text };
}
