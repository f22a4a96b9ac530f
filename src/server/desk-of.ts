import { viewOf, type Desk } from '../review/desk/read-desk.process.ts';
import { hiddenPhotos, mayKnow } from '../review/desk/known-photos.repository.ts';
import { countOf } from '../kernel/texts.ts';
import type { Sha256 } from '../kernel/ids.ts';
import { readerOf } from './access/access.ts';
import type { Site } from './dashboard.ts';
import { BadRequest } from './review-requests.ts';
import { paramOf, type Exchange } from './route.ts';

export async function deskOf({ request, reviewer }: Exchange, { collections }: Site): Promise<Desk> {
  const { workspace } = await collections.open(paramOf(request, 'collection'));
  return { workspace, reviewer };
}

/**
 * Reports and revisions show single verdicts, so only operators see them while one is hidden from the person. The contact sheet shows
 * what the models say (`isOfModels`), so it is hidden in a blind review only.
 * @throws BadRequest 403
 */
export async function requireNothingHidden(exchange: Exchange, site: Site, isOfModels = false): Promise<void> {
  if (readerOf(exchange, site) === 'operators') return;
  const view = await viewOf(await deskOf(exchange, site));
  if (isOfModels && !view.isBlind) return;
  const { length } = await hiddenPhotos(site.app.db, view);
  if (length === 0) return;
  if (view.isBlind) throw blind(`${countOf(length, 'photo')} wait for a verdict`);
  throw new BadRequest(
    `Reports and revisions show what other reviewers said, and ${countOf(length, 'photo')} still wait for a blind second verdict. Ask again after the second pass, or ask an operator. With review.secondPass 0 only unsure photos wait.`,
    403,
  );
}

/** @throws BadRequest 403 if the reviewer has given no verdict on the photo, and the review is blind */
export async function requireKnown(exchange: Exchange, site: Site, sha256: Sha256): Promise<void> {
  const view = await viewOf(await deskOf(exchange, site));
  if (!(await mayKnow(site.app.db, view, sha256))) throw blind('you have given no verdict on this photo');
}

function blind(why: string): BadRequest {
  return new BadRequest(
    `This review is blind (the collection has controls, or review.blind is set): what the models say is shown after the verdict, and ${why}.`,
    403,
  );
}

/** @throws BadRequest 401 without a name, or if another person than `claimed` is logged in */
export async function namedDesk(
  exchange: Exchange,
  site: Site,
  claimed?: string,
): Promise<Desk & { readonly reviewer: string }> {
  const { workspace, reviewer } = await deskOf(exchange, site);
  if (reviewer === null)
    throw new BadRequest(
      "Expected a reviewer's name but this browser has given none; load the page again, it asks",
      401,
    );
  if (claimed !== undefined && claimed !== reviewer)
    throw new BadRequest(
      `Expected '${claimed}' but '${reviewer}' is logged in by now; log in again as '${claimed}', or load the page again`,
      401,
    );
  return { workspace, reviewer };
}
