import { groupBy } from './group-by.ts';
import { listText } from './texts.ts';

/** A living process at one stage. */
export interface StageProcess {
  /** `discover`, `fetch` or `filter`; of a process that works on none of them its name, such as `server`. */
  readonly stage: string;
  readonly host: string;
  /** When it connected to the catalogue. */
  readonly since: Date;
}

/** The command that works on a stage. */
export const COMMAND_OF = { discover: 'crawl', fetch: 'crawl', filter: 'filter' } as const;
type Stage = keyof typeof COMMAND_OF;
const STAGES: readonly Stage[] = ['discover', 'fetch', 'filter'];

/** @param name of a process, as `winnow_processes` has it: `crawl`, `filter-worker` */
export function worksOn(stage: Stage, name: string): boolean {
  return [`${stage}-worker`, COMMAND_OF[stage], 'run', 'demo'].includes(name);
}

export function stagesOfProcess(name: string): readonly string[] {
  const stages = STAGES.filter((stage) => worksOn(stage, name));
  return stages.length === 0 ? [name] : stages;
}

/** `working now: discover and fetch on lab3 since 2026-12-01 10:00` (UTC); empty if there is none. */
export function processesText(processes: readonly StageProcess[]): string {
  const groups = groupBy(
    processes,
    ({ host, since }) => `${host} since ${since.toISOString().slice(0, 16).replace('T', ' ')}`,
  );
  const parts = [...groups].map(([where, all]) => `${listText(all.map(({ stage }) => stage))} on ${where}`);
  return parts.length === 0 ? '' : `working now: ${parts.join('; ')}\n`;
}
