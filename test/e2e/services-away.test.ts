import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, dropDatabase } from '../support/database.ts';
import { portOfItsOwn } from '../support/free-port.ts';
import { inOutput } from '../support/in-output.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { redisProblem, startRedis } from '../support/redis-server.ts';
import { jsonLines, startWorker, winnow } from '../support/winnow.ts';

const folder = suiteFolder();
let url = '';
beforeAll(async () => {
  url = await createDatabase('template');
});
afterAll(() => dropDatabase(url));

const start = (name: string, env: Record<string, string>) =>
  startWorker(name, ['--collection', 'demo', '--data', folder.at('data'), '--set', 'server.port=0'], { env });

/** S3 without a service behind it. The client itself tries for some seconds. */
const s3At = (port: number) => ({
  WINNOW_BLOBS_URL: 's3://photos',
  AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
  AWS_ACCESS_KEY_ID: 'key',
  AWS_SECRET_ACCESS_KEY: 'secret',
});

describe('a worker or server that starts while a service is away', () => {
  it.each(['PostgreSQL', 'Redis', 'S3'])('ends with 75 and a log line if %s stays away', async (service) => {
    const port = await portOfItsOwn();
    const away: Record<string, Record<string, string>> = {
      PostgreSQL: { DATABASE_URL: `postgres://winnow:hidden-word@127.0.0.1:${port}/winnow` },
      Redis: { REDIS_URL: `redis://127.0.0.1:${port}` },
      S3: s3At(port),
    };
    const env = { DATABASE_URL: url, WINNOW_WORKERS_WAIT_FOR_SERVICES_MS: '1200', ...away[service] };
    const { code, stderr } = await start(service === 'Redis' ? 'server' : 'fetch', env).result;
    const lines = jsonLines<{ level: string; msg: string }>(stderr);
    expect([code, lines.at(-1)]).toEqual([
      75,
      {
        level: 'fatal',
        time: expect.any(Number),
        code: 'service-away',
        msg: expect.stringContaining(
          `${service} is away, and did not come back within 1.2 s (workers.waitForServicesMs)`,
        ),
      },
    ]);
    expect(stderr).not.toContain('hidden-word');
  });

  it('goes on when Redis is back', async (context) => {
    const problem = await redisProblem();
    context.skip(problem !== null, problem ?? '');
    const redis = await startRedis();
    await redis.stop();
    const server = start('server', { DATABASE_URL: url, REDIS_URL: redis.url });
    await inOutput({ stdout: server.child.stderr }, /(Redis is away; waiting for it)/);
    await redis.start();
    await inOutput(server.child, /(http:\S+)/);
    server.killGroup('SIGTERM');
    const { code, stderr } = await server.result;
    await redis.stop();
    expect([code, stderr]).toEqual([0, expect.stringContaining('"msg":"Redis is reachable again"')]);
    expect(stderr).toContain('"level":"warn"');
  });

  it('ends at once if waiting cannot help, or if it is no worker', async () => {
    const noDatabase = new URL(url);
    noDatabase.pathname = '/no-such-database';
    const refused = await start('fetch', { DATABASE_URL: noDatabase.href }).result;
    expect([refused.code, jsonLines(refused.stderr)]).toEqual([
      1,
      [expect.objectContaining({ level: 'fatal', code: 'postgres-unreachable' })],
    ]);
    const env = { DATABASE_URL: `postgres://winnow@127.0.0.1:${await portOfItsOwn()}/winnow` };
    const command = await winnow(['status', '--collection', 'demo', '--data', folder.at('data')], { env });
    expect([command.code, command.stderr]).toEqual([1, expect.stringMatching(/^winnow: Expected PostgreSQL at /m)]);
  });
});
