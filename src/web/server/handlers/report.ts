import { recorded } from '../../../core/runtime/activity/activity.repository.ts';
import { readShownReport, renewReport } from '../../../measure/report/stored.process.ts';
import { requireCollection } from '../../../core/collection/collection.repository.ts';
import type { Report } from '../../../measure/report/report.ts';
import { readReport } from '../../../measure/report/stored-report.repository.ts';
import { reportTables, tableCsv } from '../../../measure/report/tables.ts';
import { pathOf } from '../../../core/page/frame.tsx';
import { mayAct } from '../access/access.ts';
import { actorOf, HTML, paramOf, wantsPage, type Exchange } from '../route.ts';
import type { Site } from '../dashboard.ts';
import { requireNothingHidden } from '../desk-of.ts';
import { reportPage } from '../pages.tsx';
import { reportLinks } from '../report-links.ts';
import { BadRequest } from '../review-requests.ts';

export async function sendReport(exchange: Exchange, site: Site): Promise<unknown> {
  await requireNothingHidden(exchange, site);
  const { request, reply, role } = exchange;
  const collection = paramOf(request, 'collection');
  const { workspace } = await site.collections.open(collection);
  await requireCollection(site.app.db, workspace.scope.collectionId, 'its report is served');
  const { longWork, tokens } = site;
  const shown = await readShownReport(workspace);
  const page = reportPage(
    {
      collection,
      shown,
      running: longWork.of(workKey(collection)),
      canRecompute: role !== null && mayAct(role, 'operator') && !longWork.isBusy,
      linkOf: reportLinks(collection, shown?.report.set.which ?? 'accepted'),
    },
    { hasTokens: tokens.length > 0, role },
  );
  return reply.type(HTML).send(page);
}

const workKey = (collection: string): string => `report of ${collection}`;

export async function sendReportJson(exchange: Exchange, site: Site): Promise<unknown> {
  return exchange.reply.type('application/json; charset=utf-8').send(await storedReport(exchange, site));
}

export async function sendReportTable(exchange: Exchange, site: Site): Promise<unknown> {
  const report = await storedReport(exchange, site);
  const file = paramOf(exchange.request, 'file');
  const table = reportTables(report).find(({ name }) => `${name}.csv` === file);
  if (table === undefined) return exchange.reply.callNotFound();
  return exchange.reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="${file}"`)
    .send(tableCsv(table));
}

async function storedReport(exchange: Exchange, site: Site): Promise<Report> {
  await requireNothingHidden(exchange, site);
  const { collections, app } = site;
  const collection = paramOf(exchange.request, 'collection');
  const { workspace } = await collections.open(collection);
  const stored = await readReport(app.db, workspace.scope);
  if (stored !== null) return stored.report;
  throw new BadRequest(
    `There is no report of '${collection}' yet. \`winnow report --collection ${collection} --out DIR\` makes one.`,
    404,
  );
}

export async function renewOnServer(exchange: Exchange, site: Site): Promise<unknown> {
  const { request, reply } = exchange;
  const collection = paramOf(request, 'collection');
  const { longWorkspace } = await site.collections.open(collection);
  const { app, longWork } = site;
  const isStarted = longWork.start(
    workKey(collection),
    (signal, onProgress) =>
      recorded(app.db, { ...actorOf(exchange), action: 'report', collection }, () =>
        renewReport(longWorkspace, { signal, onProgress }),
      ),
    (reason) => app.log.error({ collection, reason }, 'a report could not be made'),
  );
  if (isStarted) app.log.info({ collection }, 'a report was started from its page');
  if (wantsPage(request)) return reply.redirect(`${pathOf(collection)}report`, 303);
  if (isStarted) return reply.code(202).send({ collection });
  return reply.code(409).send({ error: 'Other work runs on this server; ask again when it has ended' });
}
