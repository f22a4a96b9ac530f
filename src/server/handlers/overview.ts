import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';

/** What a collection's page shows, as it is now. */
export async function sendOverview({ request }: Exchange, { collections }: Site): Promise<unknown> {
  return (await collections.open(paramOf(request, 'collection'))).read();
}
