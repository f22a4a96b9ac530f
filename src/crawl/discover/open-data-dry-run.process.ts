import type { Config } from '../../config/settings.ts';
import { systemClock } from '../../kernel/clock.ts';
import { NO_VERSION } from '../sources/remote-version.ts';
import type { WantedClass } from '../sources/network-source.ts';
import type { ClassPlan } from '../sources/open-data/class-plan.ts';
import { planOpenData } from '../sources/open-data/plan-open-data.process.ts';
import { OPEN_DATA_FILES } from '../sources/open-data/rows.ts';
import type { DryRunLine } from './dry-run-line.ts';
import { openDump } from './open-dump.process.ts';

/** Reads only the taxa file, because counting the photos would mean reading tens of gigabytes. */
export async function* openDataDryRun(
  config: Config,
  { source, classes }: { readonly source: string; readonly classes: readonly WantedClass[] },
  signal: AbortSignal,
): AsyncGenerator<DryRunLine> {
  const { url } = config.sources.inaturalistOpenData;
  const dump = openDump(config, url, signal);
  const files: DryRunLine[] = [];
  try {
    for (const file of OPEN_DATA_FILES) {
      const { bytes } = await dump.identify(file, NO_VERSION);
      const size = bytes === null ? 'of unknown size' : `${(bytes / 1e6).toFixed(1)} MB`;
      files.push({ source, wnid: null, title: `reads ${file} of ${url}, ${size}`, total: null, problem: null });
    }
    const { plans } = await planOpenData({ open: dump.open, clock: systemClock, signal }, classes);
    for (const plan of plans) yield* planLines(source, plan);
    yield* files;
  } finally {
    dump.close();
  }
}

function* planLines(source: string, { wnid, titles, problems, notes }: ClassPlan): Generator<DryRunLine> {
  const about = { source, wnid, total: null, problem: null };
  for (const problem of problems) yield { ...about, title: 'cannot be looked for', problem };
  for (const title of titles) yield { ...about, title };
  if (titles.length === 0 && problems.length === 0)
    yield { ...about, title: notes.join('; ') || 'nothing to look for', total: 0 };
}
