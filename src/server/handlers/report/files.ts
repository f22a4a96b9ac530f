import { readReport } from '../../../report/stored-report.repository.ts';
import type { Report } from '../../../report/report.ts';
import { reportTables, tableCsv } from '../../../report/tables.ts';
import type { Site } from '../../dashboard.ts';
import { requireNothingHidden } from '../../desk-of.ts';
import { BadRequest } from '../../review-requests.ts';
import { paramOf, type Exchange } from '../../route.ts';

/** Sends `report.json`. */
export async function sendReportJson(exchange: Exchange, site: Site): Promise<unknown> {
  return exchange.reply.type('application/json; charset=utf-8').send(await storedReport(exchange, site));
}

/** Sends a table of the report as CSV. */
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
