import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { reachServer, refuseOldVersion } from '../../../../../src/core/platform/postgres/reach-server.ts';
import { applicationName } from '../../../../support/database.ts';

const sockets: Socket[] = [];
let server: Server | undefined;

async function silentHost(): Promise<string> {
  server = createServer((socket) => void sockets.push(socket.on('error', () => {}).resume()));
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  return `postgres://me:secret-word@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/db`;
}

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server?.close();
});

const shown = 'PostgreSQL at postgres://me:***@db (from DATABASE_URL)';
const about = { applicationName: applicationName(), shown };

describe('reachServer', () => {
  it('accepts a server that answers', async () => {
    await expect(reachServer({ ...about, url: inject('postgres').url })).resolves.toBeUndefined();
  });

  it('gives up on a host that accepts the connection and never answers', async () => {
    const reaching = reachServer({ ...about, url: await silentHost(), connectTimeoutMs: 300 });
    await expect(reaching).rejects.toMatchObject({
      name: 'StopTheRun',
      message: `Expected ${shown} but received 'no answer within 0.3 s'; check the URL`,
    });
  });

  it('stops at once at its signal, and closes the connection', async () => {
    const stop = new AbortController();
    const reaching = reachServer({ ...about, url: await silentHost(), signal: stop.signal });
    setTimeout(() => stop.abort(), 100);
    await expect(reaching).rejects.toMatchObject({ name: 'Interrupted' });
    const [socket] = sockets;
    await expect
      .poll(() => socket?.readableEnded === true || socket?.destroyed === true, { timeout: 5_000 })
      .toBe(true);
  });

  it('reports a port where nobody listens, and a missing database', async () => {
    await expect(reachServer({ ...about, url: 'postgres://me@127.0.0.1:1/db' })).rejects.toThrow(
      /^Expected PostgreSQL at .* but received 'connect ECONNREFUSED 127\.0\.0\.1:1'; check the URL$/,
    );
    const url = inject('postgres').url.replace(/\/[^/?]*(\?|$)/, '/no_such_database$1');
    await expect(reachServer({ ...about, url })).rejects.toThrow(/database "no_such_database" does not exist/);
  });

  it('refuses a server that is too old', () => {
    for (const version of ['13.14', '9.6.24 (Debian)', '']) {
      expect(() => refuseOldVersion(version, shown)).toThrow(
        `Expected version 14 or newer of ${shown} but it is '${version}'`,
      );
    }
  });

  it.each(['14.0', '16.3 (Debian 16.3-1)', '19devel'])('accepts a server of version %s', (version) => {
    expect(refuseOldVersion(version, shown)).toBeUndefined();
  });
});
