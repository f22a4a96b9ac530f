import { chmodSync, readFileSync, readdirSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'pg';
import { describe, expect, it } from 'vitest';
import { SteadyClient } from '../../../../../src/core/platform/postgres/steady-client.ts';
import { until } from '../../../../support/until.ts';
import { query } from './query.ts';
import {
  OtherProcess,
  attachHere,
  copyOf,
  postmasterPid,
  serversIn,
  useClients,
  useFolder,
  useTemplate,
} from './support.ts';

const template = useTemplate();
useClients();
const folder = useFolder();

describe('a fresh data folder', () => {
  it('gets the database that a killed client did not create', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const postgres = await attachHere(dataDir);
    const elsewhere = new Pool({
      connectionString: postgres.url.replace('/winnow?', '/postgres?'),
      max: 1,
      Client: SteadyClient,
    });
    await elsewhere.query('drop database winnow with (force)');
    await elsewhere.end();
    const next = await attachHere(dataDir);
    expect(await query(next, 'select 1 as one')).toEqual([{ one: 1 }]);
    await next.detach();
    await postgres.detach();
  });

  it('gets one cluster when four processes attach at the same moment', async () => {
    const dataDir = join(folder.path, 'data');
    const clients = [1, 2, 3, 4].map(() => new OtherProcess(dataDir));
    const lines = await Promise.all(clients.map(async (client) => client.next()));
    expect(lines.map((line) => line.attached)).toEqual([true, true, true, true]);
    expect(lines.filter((line) => line.soleClient === true)).toHaveLength(1);
    await Promise.all(clients.map(async (client) => client.detach()));
    const log = readFileSync(join(dataDir, 'postgres', 'server.log'), 'utf8');
    expect(log.match(/starting PostgreSQL/g)).toHaveLength(1);
  });

  it.each([250, 600])('has no half-made cluster after a kill -9 at %i ms', async (delayMs) => {
    const dataDir = join(folder.path, 'data');
    const killed = new OtherProcess(dataDir);
    await until(() => readdirSync(folder.path).includes('data'));
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await killed.kill('SIGKILL');
    const postgres = await attachHere(dataDir);
    expect(await query(postgres, 'select 1 as one')).toEqual([{ one: 1 }]);
    await postgres.detach();
    await until(() => {
      const names = readdirSync(join(dataDir, 'postgres'));
      return !names.some((name) => name.startsWith('attach.lock')) && names.includes('cluster');
    });
  });

  it('loses the drafts of killed attempts', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const draft = join(dataDir, 'postgres', 'cluster.new-0123');
    await copyOf(template.dataDir, draft);
    const postgres = await attachHere(dataDir);
    await postgres.detach();
    expect(readdirSync(join(dataDir, 'postgres'))).not.toContain('cluster.new-0123');
  });
});

describe('the connection', () => {
  it('uses a loopback port if the socket path is too long, under a path with quotes and unicode', async () => {
    const dataDir = await copyOf(
      template.dataDir,
      join(folder.path, `a "quoted" $HOME \`id\` 'path' ${'ж'.repeat(40)}`, 'data'),
    );
    const postgres = await attachHere(dataDir);
    expect(new URL(postgres.url).hostname).toBe('127.0.0.1');
    const second = new OtherProcess(dataDir);
    expect(await second.next()).toMatchObject({ attached: true, soleClient: false });
    expect(await second.query('select answer from kept')).toEqual({ rows: [{ answer: 42 }] });
    await postgres.detach();
    expect(await second.detach()).toEqual({ detached: true });
  });

  it('works under umask 077, and ignores the variables of another PostgreSQL', async () => {
    const env = {
      PGPORT: 'nonsense',
      PGDATA: '/nowhere',
      PGHOST: 'nowhere.invalid',
      PGSSLMODE: 'require',
      PGUSER: 'x',
    };
    const wrapper = ['sh', '-c', 'umask 077; exec "$@"', 'sh'];
    const client = new OtherProcess(join(folder.path, 'data'), {
      env: { ...env, PGDATABASE: 'x', PGTZ: 'x' },
      wrapper,
    });
    expect(await client.next()).toMatchObject({ attached: true });
    expect(await client.query('select 1 as one')).toEqual({ rows: [{ one: 1 }] });
    expect(await client.detach()).toEqual({ detached: true });
  });
});

describe('several clients', () => {
  it('keep the server if one leaves while another attaches', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    let here = await attachHere(dataDir);
    for (let round = 0; round < 6; round += 1) {
      const [next] = await Promise.all([attachHere(dataDir), here.detach()]);
      expect(await query(next, 'select answer from kept')).toEqual([{ answer: 42 }]);
      here = next;
    }
    await here.detach();
  });

  it('stop the server when all leave at the same moment', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    for (let round = 0; round < 4; round += 1) {
      const clients = await Promise.all([1, 2, 3].map(async () => attachHere(dataDir)));
      await Promise.all(clients.map(async (client) => client.detach()));
      expect(serversIn(folder.path)).toEqual([]);
    }
  });
});

describe('a client that is killed', () => {
  it('does not count even if its long query was running', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const killed = new OtherProcess(dataDir);
    await killed.next();
    killed.process.stdin.write(`${JSON.stringify({ sql: 'select pg_sleep(60)' })}\n`);
    const watcher = await attachHere(dataDir);
    await until(
      async () => (await query(watcher, `select 1 from pg_stat_activity where wait_event = 'PgSleep'`)).length > 0,
    );
    await killed.kill('SIGKILL');
    await watcher.detach();
    const postgres = await attachHere(dataDir);
    expect(postgres.soleClient).toBe(true);
    await postgres.detach();
  });

  it('by Ctrl-C to its process group does not take the server down', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const killed = new OtherProcess(dataDir);
    await killed.next();
    const pid = postmasterPid(dataDir);
    await killed.killGroup('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(serversIn(folder.path)).toContain(pid);
    await (await attachHere(dataDir)).detach();
  });
});

describe('a server that is killed', () => {
  it('starts again if it left the empty file of an unlogged table that was never committed', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const postgres = await attachHere(dataDir);
    await query(postgres, 'create unlogged table half_made (id int)');
    const [row] = await query(postgres, `select pg_relation_filepath('half_made') as file`);
    const file = join(dataDir, 'postgres', 'cluster', String(Reflect.get(row ?? {}, 'file')));
    process.kill(postmasterPid(dataDir), 'SIGKILL');
    await until(() => serversIn(folder.path).length === 0);
    // As an aborted transaction leaves them.
    unlinkSync(`${file}_init`);
    truncateSync(file);
    const next = await attachHere(dataDir);
    expect(await query(next, 'select count(*)::int as rows from half_made')).toEqual([{ rows: 0 }]);
    expect(readFileSync(join(dataDir, 'postgres', 'server.log'), 'utf8')).toContain('File exists');
    await next.detach();
    await postgres.detach();
  });

  it('restarts automatically if only one of its processes was killed, and its clients still count', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const first = await attachHere(dataDir);
    const second = await attachHere(dataDir);
    const checkpointer = async (): Promise<number> => {
      const [row] = await query(first, `select pid from pg_stat_activity where backend_type = 'checkpointer'`);
      return Number(Object(row).pid);
    };
    const killed = await checkpointer();
    process.kill(killed, 'SIGKILL');
    await until(async () => {
      // Before the server notices the death, it still answers, with both earlier leases.
      if ((await checkpointer().catch(() => killed)) === killed) return false;
      const rows = await query(
        first,
        `select 1 from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted`,
      ).catch(() => []);
      return rows.length === 2;
    });
    await first.detach();
    expect(await query(second, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await second.detach();
  });

  it.each([
    ['an ended process', () => '999999'],
    ['another living program', () => String(process.pid)],
    ['nothing, as power was lost while it was written', () => undefined],
  ])('starts again if its pid file names %s', async (_, pid) => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const cluster = join(dataDir, 'postgres', 'cluster');
    const named = pid();
    const lines = [named, cluster, '1700000000', '5432', '../socket', '', ' 12345 7', 'ready   ', ''];
    writeFileSync(join(cluster, 'postmaster.pid'), named === undefined ? '' : lines.join('\n'), { mode: 0o600 });
    writeFileSync(join(dataDir, 'postgres', 'socket', '.s.PGSQL.5432.lock'), lines.join('\n'), { mode: 0o600 });
    const postgres = await attachHere(dataDir);
    expect(postgres.soleClient).toBe(true);
    expect(await query(postgres, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await postgres.detach();
  });

  it('is not taken for the server of a copy of its folder', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const original = await attachHere(dataDir);
    const copy = await attachHere(await copyOf(dataDir, join(folder.path, 'copy')));
    expect(copy.soleClient).toBe(true);
    await copy.detach();
    expect(await query(original, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await original.detach();
  });
});

describe('the log of the server', () => {
  it('is truncated when it is too large, and one older part is kept', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const log = join(dataDir, 'postgres', 'server.log');
    writeFileSync(log, 'x'.repeat(9 * 1_048_576));
    chmodSync(log, 0o600);
    await (await attachHere(dataDir)).detach();
    expect(statSync(log).size).toBeLessThan(100_000);
    expect(statSync(`${log}.1`).size).toBe(9 * 1_048_576);
  });
});
