import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { portOfItsOwn } from './free-port.ts';

export type TestRedis = Awaited<ReturnType<typeof startRedis>>;

/** Why there can be no Redis here, or null: Debian's `redis-server` is on the PATH. */
export async function redisProblem(): Promise<string | null> {
  const child = spawn('redis-server', ['--version'], { stdio: 'ignore' });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`redis-server cannot be run here: ${error.message}`));
    child.once('exit', (code) => resolve(code === 0 ? null : `redis-server --version ended with ${code}`));
  });
}

/**
 * A Redis of a test's own, on loopback and a free port, that keeps nothing on disk.
 *
 * @param detached in a process group of its own, so that Ctrl-C does not stop it
 */
export async function startRedis(options: readonly string[] = [], detached = false) {
  const port = await portOfItsOwn();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  const redis = {
    url,
    port,
    /** On a connection of its own: what a person would do with redis-cli. */
    async run(command: string, ...args: string[]): Promise<unknown> {
      const client = new Redis(url, { retryStrategy: () => null });
      client.on('error', () => undefined);
      try {
        return await client.call(command, ...args);
      } finally {
        client.disconnect();
      }
    },
    async start(): Promise<void> {
      const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', tmpdir()];
      const args = [...place, '--save', '', '--appendonly', 'no', ...options];
      child = spawn('redis-server', args, { stdio: 'ignore', detached });
      await untilItAnswers(redis, child);
    },
    async stop(): Promise<void> {
      const running = child;
      child = null;
      if (running === null || running.exitCode !== null || running.signalCode !== null) return;
      running.kill('SIGKILL');
      await once(running, 'exit');
    },
    signal: (name: NodeJS.Signals) => void child?.kill(name),
  };
  // Whatever becomes of the run.
  process.once('exit', () => void child?.kill('SIGKILL'));
  await redis.start();
  return redis;
}

async function untilItAnswers(redis: TestRedis, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`Expected redis-server to start but it ended with ${child.exitCode}`);
    try {
      await redis.run('PING');
      return;
    } catch (error) {
      // It answers, but not to strangers.
      if (String(error).includes('NOAUTH')) return;
      await sleep(25);
    }
  }
  throw new Error('Expected redis-server to answer within five seconds');
}
