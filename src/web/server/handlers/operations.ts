import * as z from 'zod';
import { givenLicence } from '../../../core/collection/licence.ts';
import { displayPath } from '../../../core/config/root.ts';
import { previewRevision } from '../../../core/export/select/plan.process.ts';
import { operationWords } from '../../../core/kernel/next-step.ts';
import { OPERATIONS, type Operation } from '../../../core/kernel/operation.ts';
import { recordActivity } from '../../../core/runtime/activity/activity.repository.ts';
import { readExported } from '../../../core/status/next-step.repository.ts';
import { readLastOperation } from '../../status/operation.repository.ts';
import type { Site } from '../dashboard.ts';
import { readerFor, requireNothingHidden } from '../desk-of.ts';
import { BadRequest, bodyOf, Hidden, parseRequest } from '../review-requests.ts';
import { actorOf, askerOf, paramOf, type Exchange } from '../route.ts';
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
  const [, , , , folder] = await wordsOf('export', exchange, site);
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

export async function startOperation(exchange: Exchange, site: Site): Promise<unknown> {
  const { request, reply } = exchange;
  const operation = OPERATIONS.find((known) => known === paramOf(request, 'operation'));
  if (operation === undefined) return reply.callNotFound();
  const { of } = await collectionOf(exchange, site);
  const flags = parseRequest(CHOSEN_FLAGS[operation], request.body);
  const words = await wordsOf(operation, exchange, site);
  if (site.operations.isFull)
    throw new BadRequest('This server runs as many commands as it can; start it when one of them has ended', 409);
  const actor = actorOf(exchange);
  if (!(await site.operations.start({ ...of, operation, words, flags, actor })))
    throw new BadRequest(`A command of '${of.collection}' runs already; stop it, or wait until it has ended`, 409);
  site.app.log.info({ ...of, operation }, 'a command was started on a page of the server');
  return reply.code(202).send({ operation });
}

/** @throws BadRequest 409 if there is no export to verify */
async function wordsOf(operation: Operation, exchange: Exchange, site: Site): Promise<string[]> {
  const { workspace, of } = await collectionOf(exchange, site);
  const exported = await readExported(site.app.db, workspace.scope);
  if (operation === 'verify' && exported.folder === null)
    throw new BadRequest(
      `'${of.collection}' was not exported yet, so there is nothing to verify; export it first`,
      409,
    );
  const folder = exported.folder === null ? null : displayPath(exported.folder);
  return operationWords(operation, {
    ...of,
    exported: { ...exported, folder },
    named: site.operations.flagOf(of.collection),
    below: `${displayPath(site.app.dataDir)}/`,
  });
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
