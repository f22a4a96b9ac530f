import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Pool } from 'pg';
import { describe, expect, it } from 'vitest';
import { openApp } from '../../../../../src/core/runtime/open/app.process.ts';
import { loadConfig } from '../../../../../src/core/config/load-config.ts';
import { openLogger } from '../../../../../src/core/platform/log/logger.ts';
import { attachEmbedded } from '../../../../../src/core/platform/postgres/embedded/attach.ts';
import { SteadyClient } from '../../../../../src/core/platform/postgres/steady-client.ts';
import { silentLog } from '../../../../support/silent-log.ts';
import { query } from './query.ts';
import {
  OtherProcess,
  attachHere,
  copyOf,
  postmasterPid,
  recordingLog,
  serversIn,
  useClients,
  useFolder,
  useTemplate,
} from './support.ts';

const template = useTemplate();
useClients();
const folder = useFolder();

describe('a fresh data folder', () => {
  it('gets a private cluster with UTF8, locale C, checksums and full durability', async () => {
    const dataDir = join(folder.path, 'data');
    const log = recordingLog();
    const postgres = await attachEmbedded({ dataDir, clientName: 'crawl', log });
    expect(postgres.soleClient).toBe(true);
    const names = ['fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums', 'server_encoding'];
    const rows = await query(postgres, `select ${names.map((name) => `current_setting('${name}') as ${name}`).join()}`);
    expect(rows).toEqual([
      { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', data_checksums: 'on', server_encoding: 'UTF8' },
    ]);
    expect(
      await query(
        postgres,
        `select current_setting('max_connections')::int as max, current_setting('listen_addresses') as listen,
                (select datcollate from pg_database where datname = current_database()) as locale,
                current_database() as db, current_user as role`,
      ),
    ).toEqual([{ max: 200, listen: '', locale: 'C', db: 'winnow', role: 'winnow' }]);
    const mode = (...path: string[]): number => statSync(join(dataDir, 'postgres', ...path)).mode & 0o777;
    expect([mode(), mode('cluster'), mode('password'), mode('socket'), mode('server.log')]).toEqual([
      0o700, 0o700, 0o600, 0o700, 0o600,
    ]);
    await postgres.detach();
    await postgres.detach();
    expect(serversIn(folder.path)).toEqual([]);
    expect(readdirSync(join(dataDir, 'postgres')).toSorted()).toEqual(['cluster', 'password', 'server.log', 'socket']);
    expect(log.lines.join('\n')).not.toContain(readFileSync(join(dataDir, 'postgres', 'password'), 'utf8').trim());
  });

  it('is started with other work done meanwhile, which is not asked for again by a client that joins', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const asked: string[] = [];
    const attach = (clientName: string) =>
      attachEmbedded({ dataDir, clientName, log: silentLog, whileStarting: () => void asked.push(clientName) });
    const first = await attach('first');
    const second = await attach('second');
    expect(asked).toEqual(['first']);
    await second.detach();
    await first.detach();
  });
});

describe('the connection', () => {
  it('serves a pool under any name of the folder, with any PG variables', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, "Ünï 'q' Data#1"));
    const postgres = await attachHere(dataDir);
    process.env['PGSSLMODE'] = 'require';
    const pool = new Pool({ connectionString: postgres.url, Client: SteadyClient });
    expect((await pool.query('select answer from kept')).rows).toEqual([{ answer: 42 }]);
    delete process.env['PGSSLMODE'];
    await pool.end();
    await postgres.detach();
  });

  it('of a command keeps its durability, whatever PGOPTIONS says', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    Object.assign(process.env, { PGOPTIONS: '-c synchronous_commit=off -c search_path=x', PGSSLNEGOTIATION: 'direct' });
    const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);
    const app = await openApp({ config: (await loadConfig({ env: {} })).config, dataDir, clientName: 'test', log });
    const shown =
      await sql`select current_setting('synchronous_commit') as commit, to_regclass('picture') is null as lost`.execute(
        app.db,
      );
    expect(shown.rows).toEqual([{ commit: 'on', lost: false }]);
    await app.close();
  });
});

describe('several clients', () => {
  it('share one server, which the last one to leave stops', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const first = await attachHere(dataDir);
    const pid = postmasterPid(dataDir);
    const second = new OtherProcess(dataDir);
    expect(await second.next()).toMatchObject({ attached: true, soleClient: false });
    await first.detach();
    expect(serversIn(folder.path)).toContain(pid);
    expect(await second.query('select answer from kept')).toEqual({ rows: [{ answer: 42 }] });
    await second.detach();
    expect(serversIn(folder.path)).toEqual([]);
  });

  it('may be in one process', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const [first, second] = await Promise.all([attachHere(dataDir), attachHere(dataDir)]);
    expect(first.soleClient).not.toBe(second.soleClient);
    await first.detach();
    expect(await query(second, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await second.detach();
  });
});

describe('a client that is killed', () => {
  it('leaves the server running, and the next client uses it', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const killed = new OtherProcess(dataDir);
    await killed.next();
    const pid = postmasterPid(dataDir);
    await killed.kill('SIGKILL');
    const postgres = await attachHere(dataDir);
    expect(postgres.soleClient).toBe(true);
    expect(postmasterPid(dataDir)).toBe(pid);
    await postgres.detach();
  });
});

describe('a server that is killed', () => {
  it('is started again with everything that was committed', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const before = await attachHere(dataDir);
    await query(before, 'create table fresh as select generate_series(1, 1000) as n');
    process.kill(postmasterPid(dataDir), 'SIGKILL');
    await before.detach();
    const after = await attachHere(dataDir);
    expect(await query(after, 'select count(*)::int as n from fresh')).toEqual([{ n: 1000 }]);
    await after.detach();
  });
});
