import type { WorkOptions } from '../../core/library/options.ts';
import type { ReportedPhotos } from '../report/report.ts';

export interface ReportOptions extends WorkOptions {
  /** The folder to write. A report that is there is replaced. */
  readonly out: string;
  /** A folder of clean photos of the same classes. */
  readonly clean?: string | undefined;
  /** Mode O: a folder of photos that show one of the classes. */
  readonly inDistribution?: string | undefined;
  /** Mode O: the classes of the figures of detection: a list's name, a file, or wnids with commas. Default: the collection's own. */
  readonly among?: string | undefined;
  /** Default: the accepted photos or, while there are none, the listed ones. */
  readonly photos?: ReportedPhotos | undefined;
  /** Only these models besides the members. */
  readonly models?: readonly string[] | undefined;
  /** First runs the crops that the set without each member depends on. */
  readonly fill?: boolean | undefined;
}
