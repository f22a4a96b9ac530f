import type { ComponentChildren, VNode } from 'preact';
import type { ChartFrame } from '../../charts/chart.tsx';
import type { Sha256 } from '../../../core/kernel/ids.ts';
import type { Report } from '../report.ts';
import type { TableName } from '../tables.ts';
import type { Caution } from './cautions.ts';

/**
 * A group of photos that a link can show. Its `key` is the funnel name of a stage (`found`, `fetched`, `kept`, `listed`,
 * `accepted`, `rejected`), the wnid of a class, the SHA-256 of a photo or the id of a revision, otherwise the name itself.
 */
export type LinkKind = 'stage' | 'class' | 'confusion' | 'source' | 'photo' | 'revision' | 'tag' | 'licence';

export interface LinkDetails {
  /** For confusions only. Their `key` is the wnid that the photos are searched as. */
  readonly predictedWnid?: string;
  readonly stage?: 'found' | 'fetched' | 'kept' | 'listed' | 'accepted';
}

export interface ReportFigure {
  /** The name of its files, without an extension: lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly title: string;
  readonly text: string;
  /** How to read the chart; '' if no note is needed. */
  readonly note: string;
  readonly table: TableName;
  readonly draw: (frame: ChartFrame) => VNode;
}

/** Returns the URL of a page that shows the photos behind a number; `null` if there is none. */
export type LinkOf = (kind: LinkKind, key: string, details?: LinkDetails) => string | null;

export interface ReportPageProps {
  readonly report: Report;
  /** The URL of a photo's thumbnail, maybe a `data:` URL; `null` if there is none. */
  readonly pictures: (sha256: Sha256) => string | null;
  readonly linkOf: LinkOf;
  readonly csv: (table: TableName) => string;
  readonly json: string;
  readonly photosCsv: string | null;
  readonly figureFile: (name: string) => string | null;
  readonly banner?: ComponentChildren;
}

export interface ReportContext extends Omit<ReportPageProps, 'banner'> {
  readonly nameOf: (wnid: string) => string;
  readonly figure: (name: string) => ReportFigure | null;
  readonly figures: readonly ReportFigure[];
  readonly cautions: readonly Caution[];
}

export interface OfPage {
  readonly context: ReportContext;
}
