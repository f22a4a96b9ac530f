import * as z from 'zod';
import { classNameOf, type Workspace } from '../../../core/models/workspace/workspace.process.ts';
import { storeAcceptancePlan } from '../../../core/review/acceptance/plan.repository.ts';
import { readAgreement, readShownAgreement } from '../../../core/review/agreement/read-agreement.process.ts';
import type { NamedClass } from '../../../core/collection/label-index.ts';
import { classesToName } from '../../../core/review/classes/class-names.process.ts';
import { readClassPage } from '../../../core/review/classes/class-page.process.ts';
import {
  readPhotos,
  readProgress,
  readSetup,
  deskViewOf,
  type DeskContext,
} from '../../../core/review/desk/read-desk.process.ts';
import { readCovers, readFacets } from '../../../core/review/desk/read-facets.process.ts';
import { preparePreviews } from '../../../core/review/desk/previews.process.ts';
import { MODES } from '../../../core/collection/modes.ts';
import { quote } from '../../../core/tools/quote.ts';
import { PERSON_NAME_RULE, personName } from '../../../core/kernel/people.ts';
import { recentActions, hasReviewed } from '../../../core/review/events/action.repository.ts';
import { heldAmong } from '../../../core/review/desk/held.repository.ts';
import { storeCriteria } from '../../../core/review/desk/criteria.repository.ts';
import type {
  ActionsAnswer,
  ClassList,
  ClassPage,
  LeaseAnswer,
  PhotoRows,
  RecentActions,
  ReviewActionSent,
  ReviewSetup,
} from '../../../core/review/desk/desk.ts';
import { subjectsOf } from '../../../core/review/events/event.ts';
import { readIndex } from '../../../core/review/desk/photo-index.repository.ts';
import { recordAction, type Recorded } from '../../../core/review/events/record-action.process.ts';
import { takePhotos } from '../../../core/review/desk/take-photos.process.ts';
import { isNameOfPerson, mayAct, readerOf, reviewerCookie } from '../access/access.ts';
import type { Site } from '../dashboard.ts';
import { deskOf, namedDesk } from '../desk-of.ts';
import {
  actionsOf,
  BadRequest,
  bodyOf,
  criteriaBody,
  indexQuery,
  leaseBody,
  parseRequest,
  rowsBody,
} from '../review-requests.ts';
import { askerOf, paramOf, type Exchange } from '../route.ts';
import { listsMoreThan } from '../../../core/review/events/review.repository.ts';

export async function sendSetup(exchange: Exchange, site: Site): Promise<ReviewSetup> {
  const setup = await readSetup(await deskOf(exchange, site));
  const mayReview = exchange.role !== null && mayAct(exchange.role, 'reviewer');
  return { ...setup, mayReview, mayRename: site.tokens.length === 0 };
}

const reviewerBody = z.strictObject({ name: z.string() });

/** Keeps the name under which the browser reviews, in a cookie. A person with a token of their own has a fixed name. */
export async function chooseReviewer(exchange: Exchange, site: Site): Promise<unknown> {
  const { request, reply, reviewer, hasNamedToken } = exchange;
  if (hasNamedToken) {
    const error = `Your token belongs to '${reviewer ?? ''}' (server.people), so your reviews are stored under that name`;
    return reply.code(409).send({ error });
  }
  const given = reviewerBody.safeParse(request.body).data?.name;
  const name = personName(given ?? '');
  if (name === null) {
    const error = `Expected JSON with a name (${PERSON_NAME_RULE}) but received ${quote(given ?? request.body)}`;
    return reply.code(400).send({ error });
  }
  if (isNameOfPerson(name, site.tokens)) {
    const error = `The name '${name}' belongs to a person with a token (server.people). Log in with that token, or choose another name`;
    return reply.code(409).send({ error });
  }
  return reply.header('set-cookie', reviewerCookie(name, exchange, site)).send({ reviewer: name });
}

export async function sendClasses(exchange: Exchange, site: Site): Promise<unknown> {
  return sendShared(exchange, site, {
    what: ['classes'],
    read: async (desk): Promise<ClassList> => ({ classes: await readProgress(desk, null) }),
  });
}

export async function sendClassPage(exchange: Exchange, site: Site): Promise<ClassPage> {
  return readClassPage(await deskOf(exchange, site), paramOf(exchange.request, 'wnid'));
}

export async function sendClassNames(exchange: Exchange, site: Site): Promise<readonly NamedClass[]> {
  return classesToName((await deskOf(exchange, site)).workspace.collection);
}

export async function changeCriteria(exchange: Exchange, site: Site): Promise<{ readonly criteria: string }> {
  const { text } = bodyOf(criteriaBody, exchange);
  const { workspace, reviewer } = await namedDesk(exchange, site);
  await storeCriteria(site.app.db, workspace.scope.collectionId, { text, by: reviewer });
  return { criteria: text };
}

export async function sendIndex(exchange: Exchange, site: Site): Promise<unknown> {
  const wanted = parseRequest(indexQuery, exchange.request.query);
  return sendShared(exchange, site, {
    what: ['index', wanted],
    read: async (desk) => readIndex(site.app.db, await deskViewOf(desk, wanted.filter), wanted),
  });
}

export async function sendFacets(exchange: Exchange, site: Site): Promise<unknown> {
  const { filter } = parseRequest(indexQuery, exchange.request.query);
  return sendShared(exchange, site, { what: ['facets', filter], read: (desk) => readFacets(desk, filter) });
}

export async function sendCovers(exchange: Exchange, site: Site): Promise<unknown> {
  return sendShared(exchange, site, { what: ['covers'], read: readCovers });
}

export async function sendRows(exchange: Exchange, site: Site): Promise<PhotoRows> {
  const { subjects, client } = bodyOf(rowsBody, exchange);
  const desk = await deskOf(exchange, site);
  const photos = await readPhotos(desk, subjects);
  const open = photos.filter(({ state }) => state === 'open');
  const wanted = client === undefined || open.length === 0 ? null : { client, subjects: subjectsOf(open) };
  return { photos, held: wanted === null ? [] : await heldAmong(site.app.db, await deskViewOf(desk), wanted) };
}

export async function lease(exchange: Exchange, site: Site): Promise<LeaseAnswer> {
  const { reviewer, ...wanted } = bodyOf(leaseBody, exchange);
  const desk = await namedDesk(exchange, site, reviewer);
  const { leaseMs } = desk.workspace.app.config.review;
  const { photos, ...others } = await takePhotos(site.app.db, await deskViewOf(desk, wanted.filter), {
    ...wanted,
    leaseMs,
  });
  const hashes = photos.map(({ sha256 }) => sha256);
  void preparePreviews(site.app, hashes, site.signal);
  return { photos: await readPhotos(desk, photos), ...others };
}

/** A tab that has changed more photos reads those that it shows again. */
const MOST_PHOTOS = 200;

export async function recordActions(exchange: Exchange, site: Site): Promise<ActionsAnswer> {
  const { reviewer, client, actions } = await actionsOf(exchange.request.body);
  const desk = await namedDesk(exchange, site, reviewer);
  for (const action of actions) checkFurtherClasses(action, desk.workspace);
  const { leaseMs, acceptance } = desk.workspace.app.config.review;
  const view = await deskViewOf(desk);
  const recorded: Recorded[] = [];
  for (const action of actions) recorded.push(await recordAction(site.app.db, view, { client, action, leaseMs }));
  await storeAcceptancePlan(site.app.db, view.scope.collectionId, acceptance);
  const changed = subjectsOf(recorded.flatMap(({ subjects }) => subjects));
  return {
    results: recorded.map(({ subjects: _subjects, ...result }) => result),
    photos: await readPhotos(desk, changed.slice(0, MOST_PHOTOS)),
    classes: await readProgress(desk, [...new Set(changed.map(({ wnid }) => wnid))]),
  };
}

/** @throws BadRequest if an action names further classes that the models do not know, or the photo's own */
function checkFurtherClasses(action: ReviewActionSent, { collection }: Workspace): void {
  if (action.kind !== 'also') return;
  if (!MODES[collection.mode].showsClass)
    throw new BadRequest(
      'Photos of mode O show none of the classes, so none can be named. Reject a photo that shows one',
    );
  const { nameByWnid } = collection.evidenceClasses;
  const own = new Set(action.subjects.map(({ wnid }) => wnid));
  const wrong = action.value.alsoWnids.find((wnid) => !nameByWnid.has(wnid) || own.has(wnid));
  if (wrong !== undefined)
    throw new BadRequest(
      `Expected further classes that the models of '${collection.name}' choose among, other than the photo's own, but received ${quote(wrong)}`,
    );
}

const MOST_ACTIONS = 200;

export async function sendRecent(exchange: Exchange, site: Site): Promise<RecentActions> {
  const { reviewer, workspace } = await deskOf(exchange, site);
  if (reviewer === null) return { actions: [] };
  const { collectionId } = workspace.scope;
  return { actions: await recentActions(site.app.db, { collectionId, reviewer }, MOST_ACTIONS) };
}

/** Sends what `winnow agreement --json` prints, with class names. Others than operators get it without photos that wait for a verdict. */
export async function sendAgreement(exchange: Exchange, site: Site): Promise<unknown> {
  const seesAll = readerOf(exchange, site) === 'operators';
  return sendShared(exchange, site, {
    what: ['agreement', seesAll],
    read: async (desk) => {
      const { collection } = desk.workspace;
      const { classes, ...agreement } = await (seesAll ? readAgreement(desk.workspace) : readShownAgreement(desk));
      return { ...agreement, classes: classes.map((one) => ({ ...one, name: classNameOf(collection, one.wnid) })) };
    },
  });
}

/** With more photos, all who have reviewed nothing get an answer that may be this old. */
const MANY_PHOTOS = 10_000;
const KEEP_MS = 10_000;

/**
 * Pages that ask for the same before its reading begins share it. In a large collection all people who have reviewed
 * nothing share one reading for some seconds.
 */
async function sendShared(
  exchange: Exchange,
  site: Site,
  { what, read }: { readonly what: readonly unknown[]; readonly read: (desk: DeskContext) => Promise<object | string> },
): Promise<unknown> {
  const own = await deskOf(exchange, site);
  const { workspace, reviewer } = own;
  const { collectionId } = workspace.scope;
  const isKnown =
    reviewer !== null &&
    ((await hasReviewed(site.app.db, { collectionId, reviewer })) || (await deskViewOf(own)).asked.length > 0);
  const desk = { workspace, reviewer: isKnown ? reviewer : null };
  const readBytes = async (): Promise<Buffer> => {
    const answer = await read(desk);
    return Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer));
  };
  const mayKeep = !isKnown && (await listsMoreThan(site.app.db, collectionId, MANY_PHOTOS));
  const key = JSON.stringify([what, await deskViewOf(desk)]);
  const bytes = await site.readShared(key, readBytes, { ...askerOf(exchange), keepMs: mayKeep ? KEEP_MS : 0 });
  return exchange.reply.type('application/json; charset=utf-8').send(bytes);
}
