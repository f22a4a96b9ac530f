import * as z from 'zod';
import { listOf, optional, optionalText, either, type OptionsOf } from '../../core/library/operation.ts';
import type { WorkOptions } from '../../core/library/options.ts';
import { REPORTED_PHOTOS } from '../report/report.ts';

export const REPORT = z.object({
  out: optionalText('dir', 'the folder to write; a report that is there is replaced'),
  clean: optionalText('dir', 'clean photos of the same classes, to measure how far accuracy drops'),
  inDistribution: optionalText('dir', 'mode O: photos that show one of the classes of the collection'),
  among: optional(
    z.string(),
    'list',
    "mode O: classes that the confidence is over: imagenet-1k, imagenet-o, a file with one class a line, or wnids with commas between them (default: the collection's classes)",
  ),
  photos: optional(z.enum(REPORTED_PHOTOS), 'which', {
    help: 'the photos that it is about',
    sentence: 'Default: the accepted photos or, while there are none, the listed ones.',
  }),
  models: optional(listOf(z.string()), 'names', {
    help: 'only these models besides the members (separate by commas)',
    sentence: 'Only these models besides the members.',
  }),
  fill: either(false, 'first run the crops that the set without each member depends on'),
});

export interface ReportOptions extends WorkOptions, OptionsOf<typeof REPORT> {
  /** The folder to write. A report that is there is replaced. */
  readonly out: string;
}
