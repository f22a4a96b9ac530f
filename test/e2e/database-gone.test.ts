import { rename } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { killServerOn, processesOn, suiteFolder } from '../support/process-tree.ts';
import { startWinnow } from '../support/winnow.ts';
import { inOutput } from '../support/in-output.ts';

const folder = suiteFolder();

it('a server whose PostgreSQL cannot be started again tries for a minute, then ends with 1 and says what is missing', async (context) => {
  context.skip(process.platform !== 'linux', 'only Linux shows which processes work on a folder');
  const data = folder.at('data');
  const server = startWinnow(['server', '--data', data, '--set', 'server.port=0']);
  await inOutput(server.child, /(http:\S+)/);
  const cluster = path.join(data, 'postgres', 'cluster');
  await rename(cluster, `${cluster}-away`);
  await killServerOn(data);
  const { code, stderr } = await server.result;
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(
      /trying again[^]*\nwinnow: The catalogue's folder '.*cluster' is missing, .* Put it back\. .*\n$/,
    ),
  ]);
  expect(await processesOn(data)).toEqual([]);
});
