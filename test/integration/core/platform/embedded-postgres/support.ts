import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, type TestContext } from 'vitest';
import { attachEmbedded } from '../../../../../src/core/platform/postgres/embedded/attach.ts';
import type { EmbeddedPostgres } from '../../../../../src/core/platform/postgres/embedded/attach.ts';
import { useBundle } from '../../../../support/bundle.ts';
import { makeTempFolder } from '../../../../support/folder-in-memory.ts';
import { silentLog } from '../../../../support/silent-log.ts';
import { query } from './query.ts';

const REPOSITORY = fileURLToPath(new URL('../../../../../', import.meta.url));

const isLinux = process.platform === 'linux';
export const isRoot = process.getuid?.() === 0;

const ignore = (): void => undefined;

export function recordingLog() {
  const lines: string[] = [];
  const write = (fields: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
  };
  return { lines, debug: write, info: write, warn: write };
}

export async function attachHere(dataDir: string, clientName = 'test'): Promise<EmbeddedPostgres> {
  return attachEmbedded({ dataDir, clientName, log: silentLog });
}

/** A folder that any user may enter, because some tests run as another user. */
function makeFolder(): string {
  const folder = realpathSync(makeTempFolder('wepg-'));
  spawnSync('chmod', ['755', folder]);
  return folder;
}

/** A data folder with a cluster that was started and stopped, and a table `kept` with one row. */
async function makeTemplate(folder: string): Promise<string> {
  const dataDir = join(folder, 'template');
  const postgres = await attachHere(dataDir);
  await query(postgres, 'create table kept as select 42 as answer');
  await postgres.detach();
  return dataDir;
}

export async function copyOf(template: string, dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  const copied = spawnSync('cp', ['-a', `${template}/.`, dataDir], { encoding: 'utf8' });
  if (copied.status !== 0) throw new Error(`Expected cp to succeed but it said '${copied.stderr}'`);
  return dataDir;
}

/** Pids of the server processes whose working directory is a folder. Empty except on Linux. */
export function serversIn(folder: string): number[] {
  if (!isLinux) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) &&
          readFileSync(`/proc/${pid}/comm`, 'utf8') === 'postgres\n'
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

export function postmasterPid(dataDir: string): number {
  const text = readFileSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8');
  return Number(text.split('\n')[0]);
}

/** Removes the folder. Servers that still run in it after a short wait are killed and fail the test. */
async function cleanUp(folder: string): Promise<void> {
  for (let tries = 0; tries < 50 && serversIn(folder).length > 0; tries += 1) await sleep(20);
  const left = serversIn(folder);
  for (const pid of left) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  if (left.length > 0) throw new Error(`Expected no server process in '${folder}' but found ${left.join(', ')}`);
}

/** A folder for each test, removed after it. `path` can be used only inside tests and hooks. */
export function useFolder(): { readonly path: string } {
  const folder = { path: '' };
  beforeEach(() => {
    folder.path = makeFolder();
  });
  afterEach(() => cleanUp(folder.path));
  return folder;
}

/** A template (`makeTemplate`) for all tests of a file. `dataDir` can be used only inside tests and hooks. */
export function useTemplate(): { readonly dataDir: string } {
  const template = { dataDir: '' };
  let folder = '';
  beforeAll(async () => {
    folder = makeFolder();
    template.dataDir = await makeTemplate(folder);
  });
  afterAll(() => cleanUp(folder));
  return template;
}

export interface Line {
  readonly attached?: boolean;
  readonly soleClient?: boolean;
  readonly error?: string;
  readonly message?: string;
}

export interface ClientOptions {
  readonly uid?: number;
  readonly gid?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Words before `node`, for example `unshare -m`. */
  readonly wrapper?: readonly string[];
}

let bundledClient: () => string = () => {
  throw new Error('Expected useClients() in this file');
};

/** For test files with clients in other processes. */
export function useClients(): void {
  const bundled = useBundle({ client: new URL('client.ts', import.meta.url) });
  beforeAll(() => {
    bundledClient = () => bundled('client');
  });
}

/** `client.ts` in its own process and process group. The test file calls `useClients`. */
export class OtherProcess {
  readonly process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #complaints = '';

  constructor(dataDir: string, options: ClientOptions = {}) {
    const { uid, gid, env = {}, wrapper = [] } = options;
    const words = [process.execPath, bundledClient(), dataDir];
    // Without assignments, env only starts the words that follow it.
    this.process = spawn('env', [...wrapper, ...words], {
      cwd: REPOSITORY,
      detached: true,
      env: { ...process.env, ...env },
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    this.process.stdin.on('error', ignore);
    this.process.stderr.on('data', (chunk: Buffer) => {
      this.#complaints += chunk.toString();
    });
    this.#lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async next(): Promise<Line> {
    const { value, done } = await this.#lines.next();
    return done === true ? { error: 'ended', message: this.#complaints } : JSON.parse(value);
  }

  async query(sql: string): Promise<Line> {
    this.process.stdin.write(`${JSON.stringify({ sql })}\n`);
    return this.next();
  }

  async detach(): Promise<Line> {
    this.process.stdin.write('{"detach":true}\n');
    const line = await this.next();
    await this.ended();
    return line;
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    this.process.kill(signal);
    await this.ended();
  }

  /** Sends a signal to the whole process group, as Ctrl-C does. */
  async killGroup(signal: NodeJS.Signals): Promise<void> {
    if (this.process.pid !== undefined) process.kill(-this.process.pid, signal);
    await this.ended();
  }

  async ended(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit');
  }
}

export function skipUnless(context: TestContext, able: true | string): void {
  context.skip(able !== true, String(able));
}

/** True if the current root user may do what a test needs, otherwise the reason to skip. */
export function canMountTmpfs(): true | string {
  if (!isRoot) return 'only root can mount a small tmpfs';
  const tried = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { encoding: 'utf8' });
  return tried.status === 0 ? true : `unshare -m mount fails here: ${tried.error?.message ?? tried.stderr.trim()}`;
}

export function canBecomeOther(): true | string {
  if (!isRoot) return 'only root can run a process as another user';
  const tried = spawnSync(process.execPath, ['-e', `require('fs').accessSync(${JSON.stringify(bundledClient())}, 4)`], {
    uid: 1001,
    gid: 1001,
    cwd: '/',
  });
  return tried.status === 0 ? true : `another user cannot read ${REPOSITORY}`;
}
