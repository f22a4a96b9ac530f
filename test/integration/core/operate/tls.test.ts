import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { suiteFolder } from '../../../support/process-tree.ts';
import { ensureCluster, SETTINGS_FILE } from '../../../../src/core/platform/postgres/embedded/cluster.ts';
import { prepareLayout, ROLE } from '../../../../src/core/platform/postgres/embedded/layout.ts';
import { openPrograms, type Programs } from '../../../../src/core/platform/postgres/embedded/programs.ts';
import { reachServer } from '../../../../src/core/platform/postgres/reach-server.ts';
import { reachRedis } from '../../../../src/core/platform/queue/reach-redis.ts';
import { freePort } from '../../../support/free-port.ts';
import { redisProblem, startRedis, type TestRedis } from '../../../support/redis-server.ts';
import { winnow } from '../../../support/winnow.ts';

/*
 * A PostgreSQL and a Redis that take connections over TLS, with a certificate for `localhost` that an authority of this test
 * has signed.
 */
const START_LIMIT_MS = 60_000;
const folder = suiteFolder();
let problem: string | null = null;
let programs: Programs | undefined;
let redis: TestRedis | undefined;
let ports = { postgres: 0, redis: 0 };

const run = promisify(execFile);
const inFolder = (name: string): string => folder.at(name);

/** @param signedBy the words for another authority than the certificate itself */
async function certificate(name: string, subject: string, signedBy: readonly string[]): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', inFolder(`${name}.key`)];
  await run('openssl', [
    'req',
    '-x509',
    ...key,
    '-out',
    inFolder(`${name}.pem`),
    '-days',
    '2',
    '-subj',
    subject,
    ...signedBy,
  ]);
}

async function startPostgres(): Promise<void> {
  const layout = await prepareLayout(inFolder('data'));
  programs = await openPrograms(layout);
  await ensureCluster(layout, programs);
  const cluster = (name: string): string => path.join(layout.cluster, name);
  for (const name of ['server.pem', 'server.key'])
    await writeFile(cluster(name), await readFile(inFolder(name)), { mode: 0o600 });
  const settings = { listen_addresses: 'localhost', port: ports.postgres, unix_socket_directories: '', fsync: 'off' };
  const tls = { ssl: 'on', ssl_cert_file: 'server.pem', ssl_key_file: 'server.key' };
  const lines = Object.entries({ ...settings, ...tls }).map(([name, value]) => `${name} = '${value}'`);
  await writeFile(cluster(SETTINGS_FILE), lines.join('\n'));
  await writeFile(cluster('pg_hba.conf'), 'hostssl all all all scram-sha-256\n');
  const { exitCode, output } = await programs.run(
    'pg_ctl',
    ['start', '-D', 'cluster', '-l', 'server.log', '-w'],
    START_LIMIT_MS,
  );
  expect([exitCode, output]).toEqual([0, expect.anything()]);
}

beforeAll(async () => {
  problem = (await redisProblem()) ?? (await run('openssl', ['version']).then(() => null, String));
  if (problem !== null) return;
  await certificate('ca', '/CN=the authority of a test', []);
  const signed = ['-CA', inFolder('ca.pem'), '-CAkey', inFolder('ca.key')];
  await certificate('server', '/CN=localhost', ['-addext', 'subjectAltName=DNS:localhost', ...signed]);
  ports = { postgres: await freePort(), redis: await freePort() };
  await startPostgres();
  const files = ['--tls-cert-file', inFolder('server.pem'), '--tls-key-file', inFolder('server.key')];
  const options = ['--tls-port', String(ports.redis), ...files, '--tls-ca-cert-file', inFolder('ca.pem')];
  redis = await startRedis([...options, '--tls-auth-clients', 'no', '--maxmemory-policy', 'noeviction']);
});

afterAll(async () => {
  await programs?.run('pg_ctl', ['stop', '-D', 'cluster', '-m', 'immediate', '-w'], START_LIMIT_MS);
  await redis?.stop();
});

async function postgresUrl(parameters: string, host = 'localhost'): Promise<string> {
  const password = (await readFile(inFolder('data/postgres/password'), 'utf8')).trim();
  return `postgres://${ROLE}:${password}@${host}:${ports.postgres}/postgres?${parameters}`;
}

const reached = (url: string): Promise<string> =>
  reachServer({ url, applicationName: 'winnow test', shown: 'PostgreSQL' }).then(() => 'reached', String);

describe('services over TLS', () => {
  it('PostgreSQL is reached with verify-full and the file of its authority, and under no other name', async (context) => {
    if (problem !== null) context.skip(problem);
    const verified = `sslmode=verify-full&sslrootcert=${encodeURIComponent(inFolder('ca.pem'))}`;
    expect(await reached(await postgresUrl(verified))).toBe('reached');
    expect(await reached(await postgresUrl(verified, '127.0.0.1'))).toMatch(/does not match certificate's altnames/);
    expect(await reached(await postgresUrl('sslmode=verify-full'))).toMatch(/certificate/);
    expect(await reached(await postgresUrl('sslmode=disable'))).toMatch(/no encryption|pg_hba/);
  });

  it('Redis is not believed if nobody knows its authority', async (context) => {
    if (problem !== null) context.skip(problem);
    const url = `rediss://localhost:${ports.redis}`;
    await expect(reachRedis({ url, shown: 'Redis' })).rejects.toThrow(/certificate/);
  });

  it('the doctor reaches both, with a queue in Redis and the authority in NODE_EXTRA_CA_CERTS', async (context) => {
    if (problem !== null) context.skip(problem);
    const env = {
      DATABASE_URL: await postgresUrl('sslmode=verify-full'),
      REDIS_URL: `rediss://localhost:${ports.redis}`,
      NODE_EXTRA_CA_CERTS: inFolder('ca.pem'),
    };
    const { code, stdout, stderr } = await winnow(['doctor', '--data', inFolder('other')], { env });
    expect([stderr, stdout]).toEqual(['', expect.stringMatching(/^ok {3}PostgreSQL: 18\./m)]);
    expect(stdout).toMatch(/^ok {3}job queues: .*rediss:/m);
    expect(code).toBe(0);
  });
});
