import { expect, it } from 'vitest';
import { suiteFolder } from '../support/process-tree.ts';
import { startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';

const folder = suiteFolder();
const flags = (): string[] => ['--collection', 'demo', '--data', folder.at('data')];

interface TestServer {
  readonly command: RunningCommand;
  readonly url: string;
}

async function startServer(port: string): Promise<TestServer> {
  const command = startWinnow(['server', ...flags(), '--set', `server.port=${port}`]);
  const url = await new Promise<string>((resolve, reject) => {
    let told = '';
    command.child.stdout?.on('data', (text: string) => {
      told += text;
      const found = /http:\/\/\S+(?=\/ \()/.exec(told)?.[0];
      if (found !== undefined) resolve(found);
    });
    void command.result.then(({ stderr }) => reject(new Error(`Expected a server but it ended: ${stderr}`)));
  });
  return { command, url };
}

async function overview({ url }: TestServer): Promise<{ totals: { found: number }; workers: { name: string }[] }> {
  return (await (await fetch(`${url}/api/overview`)).json()) as Awaited<ReturnType<typeof overview>>;
}

it('two servers and two commands live on one data folder, and the other server goes on when one ends', async () => {
  const [one, two] = await Promise.all([startServer('0'), startServer('0')]);
  const commands = await Promise.all([1, 2].map(() => winnow(['status', ...flags()], { ownProcess: true })));
  expect(commands.map(({ code }) => code)).toEqual([0, 0]);
  for (const server of [one, two])
    expect((await overview(server)).workers.filter(({ name }) => name === 'server')).toHaveLength(2);

  const { port } = new URL(two.url);
  const third = await winnow(['server', ...flags(), '--set', `server.port=${port}`]);
  expect([third.code, third.stderr]).toEqual([
    2,
    expect.stringMatching(
      new RegExp(
        `^winnow: Cannot listen on '127\\.0\\.0\\.1', port ${port}: another program does, perhaps .* server --data .*server\\.port`,
        'm',
      ),
    ),
  ]);

  one.command.child.kill('SIGTERM');
  expect((await one.command.result).code).toBe(0);
  expect(await (await fetch(new URL('/ready', two.url))).json()).toEqual({ status: 'ready' });
  expect((await overview(two)).workers.filter(({ name }) => name === 'server')).toHaveLength(1);
  two.command.child.kill('SIGTERM');
  expect((await two.command.result).code).toBe(0);
});
