import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';

/** Sends what the dashboard of a collection shows now. */
export async function sendOverview({ request }: Exchange, { collections }: Site): Promise<unknown> {
  return (await collections.open(paramOf(request, 'collection'))).read();
}
