import type { Desk } from '../app/review/desk.ts';
import type { Site } from './dashboard.ts';
import { BadRequest } from './review-requests.ts';
import { paramOf, type Exchange } from './route.ts';

/** The collection of the path, as the person who asks works on it. */
export async function deskOf({ request, reviewer }: Exchange, { collections }: Site): Promise<Desk> {
  const { workspace } = await collections.open(paramOf(request, 'collection'));
  return { workspace, reviewer };
}

/** The same for somebody who judges photos. @throws BadRequest without a name */
export async function namedDesk(exchange: Exchange, site: Site): Promise<Desk & { readonly reviewer: string }> {
  const { workspace, reviewer } = await deskOf(exchange, site);
  if (reviewer === null)
    throw new BadRequest(
      "Expected the reviewer's name but this browser has given none; open the review page, which asks for it",
    );
  return { workspace, reviewer };
}
