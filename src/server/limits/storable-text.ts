import type { FastifyInstance } from 'fastify';
import { quote } from '../../config/quote.ts';
import { isStorable, STORABLE_RULE } from '../../crawl/sources/text.ts';
import { BadRequest } from '../review-requests.ts';

/** Refuses requests with text that PostgreSQL cannot store, in the path, the query or the body (400). */
export function refuseUnstorableText(app: FastifyInstance): void {
  app.addHook('preHandler', async ({ params, query, body }) => {
    for (const [where, value] of Object.entries({ path: params, query, body })) {
      const text = firstUnstorable(value);
      if (text !== null) throw new BadRequest(`Expected ${STORABLE_RULE} in the ${where} but received ${quote(text)}`);
    }
  });
}

function firstUnstorable(value: unknown): string | null {
  if (typeof value === 'string') return isStorable(value) ? null : value;
  if (typeof value !== 'object' || value === null) return null;
  for (const inner of Object.values(value)) {
    const found = firstUnstorable(inner);
    if (found !== null) return found;
  }
  return null;
}
