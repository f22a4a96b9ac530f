import { readShownReport } from '../../../measure/report/stored.process.ts';
import { requireCollection } from '../../../core/collection/collection.repository.ts';
import type { Report } from '../../../measure/report/report.ts';
import { readReport } from '../../../measure/report/stored-report.repository.ts';
import { reportTables, tableCsv } from '../../../measure/report/tables.ts';
import { HTML, paramOf, readerProps, type Exchange } from '../route.ts';
import type { Site } from '../dashboard.ts';
import { requireNothingHidden } from '../desk-of.ts';
import { reportPage } from '../pages.tsx';
import { reportLinks } from '../report-links.ts';
import { BadRequest } from '../review-requests.ts';
import { mayOperate } from './operations.ts';

export async function sendReport(exchange: Exchange, site: Site): Promise<unknown> {
  await requireNothingHidden(exchange, site);
  const collection = paramOf(exchange.request, 'collection');
  const { workspace } = await site.collections.open(collection);
  await requireCollection(site.app.db, workspace.scope.collectionId, 'its report is served');
  const shown = await readShownReport(workspace);
  const page = reportPage(
    {
      collection,
      shown,
      canRecompute: mayOperate(exchange, site),
      linkOf: reportLinks(collection, shown?.report.set.which ?? 'accepted'),
    },
    readerProps(exchange, site),
  );
  return exchange.reply.type(HTML).send(page);
}

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
