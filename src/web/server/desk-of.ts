import { deskViewOf, type DeskContext } from '../../core/review/desk/read-desk.process.ts';
import { countAskedHere, hiddenPhotos, mayKnow } from '../../core/review/desk/known-photos.repository.ts';
import type { Reader } from '../../core/kernel/people.ts';
import { pathOf } from '../../core/page/frame.tsx';
import { countOf } from '../../core/kernel/texts.ts';
import type { Sha256 } from '../../core/kernel/ids.ts';
import { isShownIn, readerOf } from './access/access.ts';
import type { Site } from './dashboard.ts';
import { BadRequest, Hidden } from './review-requests.ts';
import { paramOf, type Exchange } from './route.ts';

export async function deskOf({ request, reviewer }: Exchange, { collections }: Site): Promise<DeskContext> {
  const { workspace } = await collections.open(paramOf(request, 'collection'));
  return { workspace, reviewer };
}

/** A client's kind of reader. A person of a server without tokens who looks anyway sees what an operator with a token does. */
export function readerFor(exchange: Exchange, site: Site): Reader {
  return isShownAnyway(exchange, site) ? 'operators' : readerOf(exchange, site);
}

function isShownAnyway({ request, reviewer }: Exchange, site: Site): boolean {
  const shown = { collection: paramOf(request, 'collection'), reviewer };
  return site.tokens.length === 0 && isShownIn(request.headers.cookie, shown, site);
}

/** The address of the form that shows what is hidden. Undefined on a server with tokens, where an operator may look. */
export function showAnywayPath(
  { request }: Pick<Exchange, 'request'>,
  { tokens }: Pick<Site, 'tokens'>,
): string | undefined {
  return tokens.length > 0 ? undefined : `${pathOf(paramOf(request, 'collection'))}show-anyway`;
}

/**
 * Reports and revisions show single verdicts, so only operators see them while one is hidden from the person. The contact sheet shows
 * what the models say (`isOfModels`), so it is hidden in a blind review only. All of them name the classes of the quiz's photos.
 * @throws Hidden
 */
export async function requireNothingHidden(exchange: Exchange, site: Site, isOfModels = false): Promise<void> {
  if (readerFor(exchange, site) === 'operators') return;
  const view = await deskViewOf(await deskOf(exchange, site));
  const offer = showAnywayPath(exchange, site);
  const asked = await countAskedHere(site.app.db, view);
  if (asked > 0)
    throw new Hidden(
      `This page names the classes of photos, and ${countOf(asked, 'question')} of your quiz ${asked === 1 ? 'has' : 'have'} no answer yet. Answer the quiz first.`,
      offer,
    );
  if (isOfModels && !view.isBlind) return;
  const { length } = await hiddenPhotos(site.app.db, view);
  if (length === 0) return;
  const wait = `${countOf(length, 'photo')} still ${length === 1 ? 'waits' : 'wait'} for`;
  if (view.isBlind) throw new Hidden(`${BLIND}, and ${wait} a verdict of yours.`, offer);
  throw new Hidden(
    `Reports and revisions show what other reviewers said, and ${wait} a blind second verdict. Ask again after the second pass${offer === undefined ? ', or ask an operator' : ''}. With review.secondPass 0 only unsure photos wait.`,
    offer,
  );
}

/** @throws BadRequest 403 if the reviewer may not know yet what the models say about a photo */
export async function requireKnown(exchange: Exchange, site: Site, sha256: Sha256): Promise<void> {
  const view = await deskViewOf(await deskOf(exchange, site));
  if (await mayKnow(site.app.db, view, sha256)) return;
  throw new BadRequest(`${BLIND}, and you have given no verdict on this photo. Or your quiz asks about it.`, 403);
}

const BLIND =
  'This review is blind (the collection has controls, or review.blind is set): what the models say is shown after the verdict';

/** @throws BadRequest 401 without a name, or if another person than `claimed` is logged in */
export async function namedDesk(
  exchange: Exchange,
  site: Site,
  claimed?: string,
): Promise<DeskContext & { readonly reviewer: string }> {
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
