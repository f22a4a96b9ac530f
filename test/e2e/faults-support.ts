import type { DecisionLine } from '../../src/core/filter/run/decision-line.ts';
import { expect } from 'vitest';
import type { Funnel } from '../../src/core/kernel/funnel.ts';
import { untilDecided } from '../support/decided.ts';
import type { suiteFolder } from '../support/process-tree.ts';
import { ONE_MODEL } from '../support/one-model.ts';
import { jsonLines, startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';
import { expectFunnelAddsUp } from './funnel-sums.ts';

/** How many photos the data folders of these tests have. */
export const COPIES = 24;
/** One thread and small batches, so that a fault at any moment is in the middle of the work. */
export const SMALL_BATCHES = { WINNOW_FILTER_BATCH_PHOTOS: '4', WINNOW_FILTER_THREADS: '1' };

export const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';

export function faultsIn(folder: ReturnType<typeof suiteFolder>) {
  const flags = (data: string): string[] => ['--collection', ONE_MODEL, '--data', folder.at(data)];
  const start = (name: string, data: string, ...args: string[]): RunningCommand =>
    startWinnow([name, ...flags(data), ...args], { env: SMALL_BATCHES });
  const done = async (name: string, data: string, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await winnow([name, ...flags(data), ...args], { env: SMALL_BATCHES });
    expect([name, code, code === 0 ? '' : stderr]).toEqual([name, 0, '']);
    return stdout;
  };
  const funnelOf = async (data: string): Promise<Funnel> => JSON.parse(await done('status', data, '--json')) as Funnel;
  const decisionsOf = async (data: string): Promise<string[]> => {
    const listed = await winnow(['decisions', ...flags(data), '--json']);
    return jsonLines<DecisionLine>(listed.stdout).map(({ sha256, wnid, state, confusion }) =>
      JSON.stringify({ sha256, wnid, state, confusion }),
    );
  };
  const expectNothingBroken = async (data: string): Promise<void> => {
    const [doctor, funnel] = await Promise.all([
      winnow(['doctor', '--deep', '--data', folder.at(data), '--json']),
      funnelOf(data),
    ]);
    const findings = JSON.parse(doctor.stdout) as { ok: boolean; name: string }[];
    // A small disk, which the doctor reports, is no damage to what is on it.
    expect(findings.filter(({ ok, name }) => !ok && name !== 'disk')).toEqual([]);
    expectFunnelAddsUp(funnel);
    expect(funnel.totals.failed).toEqual({});
  };
  return {
    flags,
    start,
    done,
    funnelOf,
    untilSomeAreDecided: async (data: string) => expect(await untilDecided(folder.at(data), 0)).toBeLessThan(COPIES),
    decisionsOf,
    expectNothingBroken,
    /** Nothing is broken, and the decisions are those of a filter that nothing disturbed. */
    expectDecisions: async (data: string, undisturbed: readonly string[]) => {
      const [decisions] = await Promise.all([decisionsOf(data), expectNothingBroken(data)]);
      expect([undisturbed.length, undisturbed.filter((line) => /undecided|failed/.test(line))]).toEqual([COPIES, []]);
      expect(decisions).toEqual(undisturbed);
    },
  };
}
