import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { CandidateLine } from '../../src/core/status/candidate-list.repository.ts';
import type { DecisionLine } from '../../src/core/filter/run/decision-line.ts';
import type { Funnel } from '../../src/core/kernel/funnel.ts';
import { makeHostileFolder } from '../support/hostile-folder.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { ONE_MODEL } from '../support/one-model.ts';
import { jsonLines, winnow } from '../support/winnow.ts';
import { expectFunnelAddsUp } from './funnel-sums.ts';

const folder = suiteFolder();
const common = (): string[] => ['--collection', ONE_MODEL, '--data', folder.at('data')];

describe('winnow run on a folder of hostile files', () => {
  it('counts each file under its reason, carries the good ones through, and ends with 0', async () => {
    await mkdir(folder.at('photos'));
    const expected = await makeHostileFolder(folder.at('photos'));
    const run = await winnow(['run', ...common(), '--from', folder.at('photos'), '--json']);
    expect([run.code, run.code === 0 ? '' : run.stderr]).toEqual([0, '']);
    expectFunnelAddsUp(JSON.parse(run.stdout) as Funnel);

    const [candidates, decisions] = await Promise.all(
      ['candidates', 'decisions'].map((command) => winnow([command, ...common(), '--json'])),
    );
    const lines = jsonLines<CandidateLine>(candidates?.stdout ?? '');
    const verdicts = lines.map(({ sourceId, state, reason }) => [sourceId.replace(/@[^@]*$/, ''), { state, reason }]);
    const wanted = [...expected.files].map(([file, { fetched }]) => [file, fetched]);
    expect(Object.fromEntries(verdicts)).toEqual(Object.fromEntries(wanted));
    expect(lines).toHaveLength(expected.files.size);

    const photos = new Set(
      lines.filter(({ state }) => state === 'fetched').map(({ sha256, wnid }) => `${sha256} ${wnid}`),
    );
    const decided = jsonLines<DecisionLine>(decisions?.stdout ?? '');
    expect(new Set(decided.map(({ sha256, wnid }) => `${sha256} ${wnid}`))).toEqual(photos);
    expect(decided.filter(({ state }) => state !== 'kept' && state !== 'dropped')).toEqual([]);
  });
});
