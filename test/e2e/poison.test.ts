import { beforeAll, describe, expect, it } from 'vitest';
import type { DecisionLine } from '../../src/core/filter/run/decision-line.ts';
import type { Funnel } from '../../src/core/kernel/funnel.ts';
import { makeCopies, type Copy } from '../support/copies.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { ONE_MODEL } from '../support/one-model.ts';
import { jsonLines, winnow, type CommandResult } from '../support/winnow.ts';
import { expectFunnelAddsUp } from './funnel-sums.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const COPIES = 24;
const PRELOAD = new URL('../support/deadly-photo.mjs', import.meta.url).href;

const folder = suiteFolder();
const copies: Copy[] = [];
let killsCrawl = '';
let killsFilter = '';

const flags = (data: string): string[] => ['--collection', ONE_MODEL, '--data', folder.at(data)];

/** As long as the fault is there: a decoder that dies of two photos, one in the crawl and one in the filter. */
function withFault(command: string, data: string, ...args: string[]): Promise<CommandResult> {
  const env = {
    NODE_OPTIONS: `--import=${PRELOAD}`,
    WINNOW_TEST_DEADLY: `${killsCrawl} main SIGSEGV,${killsFilter} thread SIGKILL`,
  };
  return winnow([command, ...flags(data), ...args], { env });
}

async function done(command: string, data: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await winnow([command, ...flags(data), ...args]);
  expect([command, code, code === 0 ? '' : stderr]).toEqual([command, 0, '']);
  return stdout;
}

async function decisionsOf(data: string): Promise<Pick<DecisionLine, 'sha256' | 'state' | 'confusion'>[]> {
  const lines = jsonLines<DecisionLine>(await done('decisions', data, '--json'));
  return lines.map(({ sha256, state, confusion }) => ({ sha256, state, confusion }));
}

async function expectNothingBroken(data: string): Promise<Funnel> {
  const [doctor, status] = await Promise.all([
    done('doctor', data, '--deep', '--json'),
    done('status', data, '--json'),
  ]);
  expect((JSON.parse(doctor) as { ok: boolean }[]).filter(({ ok }) => !ok)).toEqual([]);
  const funnel = JSON.parse(status) as Funnel;
  expectFunnelAddsUp(funnel);
  return funnel;
}

beforeAll(async () => {
  await makeCopies(folder.at('photos'), COPIES, { onCopy: (copy) => copies.push(copy) });
  killsCrawl = copies[8]?.sha256 ?? '';
  killsFilter = copies[16]?.sha256 ?? '';
});

describe('photos that end every process that works them', () => {
  it('are set aside, with what is known, after two tries alone; all others are decided as ever, and those, too, once the fault is gone', async () => {
    const undisturbed = done('run', 'undisturbed', '--from', folder.at('photos')).then(() =>
      decisionsOf('undisturbed'),
    );
    const ends: CommandResult[] = [];
    do ends.push(await withFault('run', 'data', '--from', folder.at('photos')));
    while (ends.at(-1)?.code !== 0 && ends.length < 4);
    // Each kills once as it is met among others.
    expect(ends.map(({ code, signal }) => signal ?? `exit ${code}`).toSorted()).toEqual([
      'SIGKILL',
      'SIGSEGV',
      'exit 0',
    ]);
    const last = ends.at(-1);
    expect(last?.stdout).toContain('failed: unreadable 1');
    expect(last?.stdout).toContain('1 photo failed: poison');
    const wanted = await undisturbed;
    const others = (lines: typeof wanted) => lines.filter(({ sha256 }) => ![killsCrawl, killsFilter].includes(sha256));
    expect(others(await decisionsOf('data'))).toEqual(others(wanted));
    const { totals } = await expectNothingBroken('data');
    expect([totals.failed, totals.decided.failed, totals.poisoned, totals.decided.undecided]).toEqual([
      { unreadable: 1 },
      1,
      1,
      0,
    ]);
    expect(await done('show', 'data', killsFilter)).toMatch(
      /failed poison, alone in a process, it ended that process twice \(SIGKILL while decoding it, 20.*; SIGKILL while .*it said: decoder: out of luck/,
    );
    await done('retry', 'data', '--reason', 'poison', 'unreadable');
    const after = JSON.parse(await done('run', 'data', '--from', folder.at('photos'), '--json')) as Funnel;
    expect(after.totals).toMatchObject({ failed: {}, poisoned: 0, waiting: 0 });
    expect(await decisionsOf('data')).toEqual(wanted);
  });
});
