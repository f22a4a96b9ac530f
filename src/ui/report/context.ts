import type { ComponentChildren } from 'preact';
import type { Sha256 } from '../../kernel/ids.ts';
import type { Report } from '../../report/report.ts';
import type { TableName } from '../../report/tables.ts';
import type { Caution, SectionName } from './cautions.ts';
import type { ReportFigure } from './figure.tsx';

/**
 * Where photos can be seen. `key`: of a stage its name in the funnel (`found`, `fetched`, `kept`, `listed`, `accepted`, `rejected`),
 * of a class its wnid, of a photo its SHA-256, of a revision its id, else the name itself.
 */
export type LinkKind = 'stage' | 'class' | 'confusion' | 'source' | 'photo' | 'revision' | 'tag' | 'licence';

/** Which of the photos a number counts. */
export interface LinkDetails {
  /** Only confusions have it. Their `key` is the wnid that the photos are searched as. */
  readonly predictedWnid?: string;
  /** Absent: the photos that the report is of. */
  readonly stage?: 'found' | 'fetched' | 'kept' | 'listed' | 'accepted';
}

/** The address of a page that shows the photos behind a number, or null if there is none. */
export type LinkOf = (kind: LinkKind, key: string, details?: LinkDetails) => string | null;

export interface ReportPageProps {
  readonly report: Report;
  /** The address of a photo's small copy, or a `data:` address; null if there is none. */
  readonly pictures: (sha256: Sha256) => string | null;
  readonly linkOf: LinkOf;
  /** The address of a table. */
  readonly csv: (table: TableName) => string;
  /** The address of `report.json`. */
  readonly json: string;
  /** The address of the table of all kept photos; null if it is in no file. */
  readonly photosCsv: string | null;
  /** The address of a chart's file; null if charts are in no files. */
  readonly figureFile: (name: string) => string | null;
  /** What stands above the report, such as whether it is fresh. */
  readonly notice?: ComponentChildren;
}

/** What all sections of the page share. */
export interface ReportContext extends Omit<ReportPageProps, 'notice'> {
  readonly nameOf: (wnid: string) => string;
  readonly figure: (name: string) => ReportFigure | null;
  readonly figures: readonly ReportFigure[];
  readonly cautions: readonly Caution[];
}

export type Sections = readonly { readonly name: SectionName; readonly title: string }[];
