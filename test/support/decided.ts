import { setTimeout as sleep } from 'node:timers/promises';
import { attachEmbedded } from '../../src/platform/postgres/embedded/attach.ts';
import { onServer } from './database.ts';
import { knownCatalogueOf } from './shared-server.ts';
import { silentLog } from './silent-log.ts';

const POLL_MS = 50;

/**
 * How many photos filters have decided in a data folder (of one class each). Asks the server itself, since a command takes
 * a second, in which a small filter ends.
 */
export async function decidedOn(dataDir: string): Promise<number> {
  return onServerOf(dataDir, count);
}

export async function untilDecided(dataDir: string, moreThan: number, timeoutMs = 120_000): Promise<number> {
  const deadlineMs = performance.now() + timeoutMs;
  return onServerOf(dataDir, async (url) => {
    for (;;) {
      const decided = await count(url);
      if (decided > moreThan) return decided;
      if (performance.now() > deadlineMs)
        throw new Error(
          `Expected more than ${moreThan} photos to be decided within ${timeoutMs} ms but found ${decided}`,
        );
      await sleep(POLL_MS);
    }
  });
}

export async function inCatalogueOf(dataDir: string, statement: string): Promise<Record<string, string>[]> {
  return onServerOf(dataDir, (url) => onServer(url, statement));
}

async function onServerOf<T>(dataDir: string, ask: (url: string) => Promise<T>): Promise<T> {
  const shared = knownCatalogueOf(dataDir);
  if (shared !== undefined) return ask(shared);
  const server = await attachEmbedded({ dataDir, clientName: 'test', log: silentLog });
  try {
    return await ask(server.url);
  } finally {
    await server.detach();
  }
}

async function count(url: string): Promise<number> {
  const [row] = await onServer(url, 'select count(*) from decision');
  return Number(row?.['count']);
}
