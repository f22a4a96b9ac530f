import * as z from 'zod';
import { givenLicence } from '../../../core/collection/licence.ts';
import { displayPath } from '../../../core/config/root.ts';
import { previewRevision } from '../../../core/export/select/plan.process.ts';
import { operationWords } from '../../../core/kernel/next-step.ts';
import { OPERATIONS, type Operation } from '../../../core/kernel/operation.ts';
import { recordActivity } from '../../../core/runtime/activity/activity.repository.ts';
import { readExported } from '../../../core/status/next-step.repository.ts';
import { pathOf } from '../../../core/page/frame.tsx';
import { flagsOfReport } from '../../../measure/report/stored.process.ts';
import { offersOperations } from '../operations.ts';
import { readLastOperation } from '../../status/operation.repository.ts';
import type { Site } from '../dashboard.ts';
import { readerFor, requireNothingHidden } from '../desk-of.ts';
import { BadRequest, bodyOf, Hidden } from '../review-requests.ts';
import { actorOf, askerOf, paramOf, wantsPage, type Exchange } from '../route.ts';
import { streamFeed } from './pages.ts';

async function collectionOf({ request }: Exchange, { collections }: Site) {
  const { workspace } = await collections.open(paramOf(request, 'collection'));
  return { workspace, of: { collection: workspace.collection.name, collectionId: workspace.scope.collectionId } };
}

/** The output of a command shows what a blind review hides, so a person who still reviews sees only whether it runs. */
export async function sendOperation(exchange: Exchange, site: Site): Promise<unknown> {
  const { of } = await collectionOf(exchange, site);
  const mayKnow = (): Promise<boolean> =>
    requireNothingHidden(exchange, site).then(
      () => true,
      (error: unknown) => {
        if (error instanceof Hidden) return false;
        throw error;
      },
    );
  const reader = JSON.stringify([readerFor(exchange, site), exchange.reviewer]);
  return streamFeed(exchange, site.operations.feed(of, { reader, mayKnow }), site.livePlaces);
}

/** Sends how many photos an export would leave out, and why. */
export async function previewExport(exchange: Exchange, site: Site): Promise<unknown> {
  await requireNothingHidden(exchange, site);
  const { workspace } = await collectionOf(exchange, site);
  const [, , , , folder] = await wordsOf({ operation: 'export' }, exchange, site);
  const read = async (signal: AbortSignal): Promise<Buffer> =>
    Buffer.from(JSON.stringify({ ...(await previewRevision(workspace, signal)), folder }));
  const key = JSON.stringify(['export', workspace.scope.collectionId, folder]);
  const bytes = await site.readShared(key, read, askerOf(exchange));
  return exchange.reply.type('application/json; charset=utf-8').send(bytes);
}

const NO_FLAGS = z.strictObject({}).transform((): string[] => []);
/** The flags that people choose. What they type is the value of a flag, behind its `=`. */
const CHOSEN_FLAGS = {
  filter: NO_FLAGS,
  shortlist: NO_FLAGS,
  verify: NO_FLAGS,
  report: NO_FLAGS,
  export: z.strictObject({ pixels: z.boolean() }).transform(({ pixels }) => (pixels ? [] : ['--no-pixels'])),
  rights: z
    .strictObject({ licence: z.string().trim().max(100), creator: z.string().trim().max(200) })
    .transform(({ licence, creator }) => [
      `--licence=${givenLicence(licence, 'the photos').id}`,
      ...(creator === '' ? [] : [`--creator=${creator}`]),
    ]),
} satisfies Record<Operation, z.ZodType<string[]>>;

/** True if the pages offer commands to the person. */
export function mayOperate({ role }: Exchange, site: Site): boolean {
  return role === 'operator' && offersOperations(site);
}

export async function startOperation(exchange: Exchange, site: Site): Promise<unknown> {
  const operation = OPERATIONS.find((known) => known === paramOf(exchange.request, 'operation'));
  if (operation === undefined) return exchange.reply.callNotFound();
  return beginOperation(exchange, site, { operation, flags: bodyOf(CHOSEN_FLAGS[operation], exchange) });
}

interface Begun {
  readonly operation: Operation;
  readonly flags?: readonly string[];
  /** The folder of a revision; the newest one without it. */
  readonly folder?: string | undefined;
}

/** Starts a command. A person who sent a form gets the page that shows what the command does. @throws BadRequest 409 if another one runs */
export async function beginOperation(
  exchange: Exchange,
  site: Site,
  { operation, flags = [], folder }: Begun,
): Promise<unknown> {
  const { request, reply } = exchange;
  const { of } = await collectionOf(exchange, site);
  const words = await wordsOf({ operation, folder }, exchange, site);
  if (site.operations.isFull)
    throw new BadRequest('This server runs as many commands as it can; start it when one of them has ended', 409);
  const actor = actorOf(exchange);
  if (!(await site.operations.start({ ...of, operation, words, flags, actor })))
    throw new BadRequest(`A command of '${of.collection}' runs already; stop it, or wait until it has ended`, 409);
  site.app.log.info({ ...of, operation }, 'a command was started on a page of the server');
  if (wantsPage(request)) return reply.redirect(pathOf(of.collection), 303);
  return reply.code(202).send({ operation });
}

/** @throws BadRequest 409 if there is no export to verify */
async function wordsOf({ operation, folder }: Begun, exchange: Exchange, site: Site): Promise<string[]> {
  const { workspace, of } = await collectionOf(exchange, site);
  const newest = await readExported(site.app.db, workspace.scope);
  const exported = { ...newest, folder: folder ?? newest.folder };
  if (operation === 'verify' && exported.folder === null)
    throw new BadRequest(
      `'${of.collection}' was not exported yet, so there is nothing to verify; export it first`,
      409,
    );
  const words = operationWords(operation, {
    ...of,
    exported: { ...exported, folder: exported.folder && displayPath(exported.folder) },
    named: site.operations.flagOf(of.collection),
    below: `${displayPath(site.app.dataDir)}/`,
  });
  return operation === 'report' ? [...words, ...(await flagsOfReport(workspace))] : words;
}

const stopBody = z.strictObject({ id: z.int() });

/** The server that started the command stops it, as Ctrl-C would. The id is that of the command that the person saw. */
export async function stopOperation(exchange: Exchange, site: Site): Promise<unknown> {
  const { of } = await collectionOf(exchange, site);
  const { id } = bodyOf(stopBody, exchange);
  const last = await readLastOperation(site.app.db, of);
  if (last?.id !== id || last.state !== 'running')
    throw new BadRequest(`The command ${id} of '${of.collection}' does not run, so it cannot be stopped`, 409);
  const { collection } = of;
  const detail = { command: last.operation, of: id };
  await recordActivity(site.app.db, { ...actorOf(exchange), action: 'stop-command', collection, detail });
  return exchange.reply.code(202).send({ operation: last.operation });
}
