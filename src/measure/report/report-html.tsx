/** @jsxRuntime automatic @jsxImportSource preact */
import { renderToStaticMarkup } from 'preact-render-to-string';
import type { Sha256 } from '../../core/kernel/ids.ts';
import { sha256Bytes } from '../../core/tools/sha256.ts';
import { ReportPage } from './page/page.tsx';
import { plainReport } from './page/plain.ts';
import { REPORT_STYLE } from './page/style.ts';
import { BASE_STYLE } from '../../core/page/base-style.ts';
import type { Report } from './report.ts';

export const REPORT_JSON = 'report.json';
export const CSV_FOLDER = 'csv';
export const PHOTOS_FILE = 'photos.csv';
export const FIGURES_FOLDER = 'figures';

const STYLE = `${BASE_STYLE}${REPORT_STYLE}`;

/**
 * The report as one self-contained page. It runs no script and asks for nothing: its policy admits only `data:`
 * pictures and the one style sheet inside, by its hash. The same report and pictures give the same bytes.
 */
export function reportHtml(report: Report, pictures: (sha256: Sha256) => string | null): string {
  const hash = sha256Bytes(STYLE).toString('base64');
  const policy = `default-src 'none'; img-src data:; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={policy} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${plainReport(report).collection}: report`}</title>
        {/* oxlint-disable-next-line react/no-danger -- our own style, without text of others */}
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <ReportPage
          report={report}
          pictures={pictures}
          linkOf={() => null}
          csv={(table) => `${CSV_FOLDER}/${table}.csv`}
          json={REPORT_JSON}
          photosCsv={`${CSV_FOLDER}/${PHOTOS_FILE}`}
          figureFile={(name) => `${FIGURES_FOLDER}/${name}.svg`}
        />
      </body>
    </html>
  );
  return `<!doctype html>\n${renderToStaticMarkup(page)}\n`;
}
