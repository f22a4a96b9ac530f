import { recordDeath, releaseInHand, takeInHand, type SuspectRow } from '../photo/in-hand.repository.ts';
import { deathsText, isCondemned, type Death } from '../photo/suspicion.ts';
import type { Logger } from '../platform/log/logger.ts';
import { openPool } from '../platform/postgres/open-database.ts';
import type { App } from './app.ts';
import { databaseFailure } from './database-failure.ts';

/** Some items in hand. */
export interface Held {
  /** Those that a process died with. */
  readonly suspects: readonly SuspectRow[];
  /** Lets go of them, with those that this process has survived. Never rejects because the database is away. */
  release(survived: readonly string[]): Promise<void>;
}

/** What this process has in hand of one kind of work, for others to find if it dies. */
export interface Hands {
  readonly work: string;
  take(items: readonly string[]): Promise<Held>;
  /** A process died with nothing but this in hand. Returns all such deaths. */
  died(item: string, death: Death): Promise<readonly Death[]>;
  close(): Promise<void>;
}

/**
 * On a connection of its own that is kept open: it is what tells others that this process lives. It costs two small
 * statements a batch, which wait for no disk.
 */
export function openHands(
  { connection, log }: Pick<App, 'connection' | 'log'>,
  { work, noun }: { readonly work: string; readonly noun: 'photo' | 'picture' },
): Hands {
  const db = openPool({
    ...connection,
    poolSize: 1,
    idleTimeoutMs: 0,
    onConnectionLost: (error) => log.debug({ reason: error.message }, 'a database connection was lost'),
  });
  const open = new Set<number>();
  return {
    work,
    async take(items) {
      const { id, found, suspects } = await takeInHand(db, { work, items, open: [...open] });
      open.add(id);
      if (found > 0)
        log.warn(`a process died in the middle of its work: ${found} photos that it had in hand run one at a time`);
      return {
        suspects,
        async release(survived) {
          await releaseInHand(db, { id, work, survived }).then(() => open.delete(id), unlessGone);
        },
      };
    },
    async died(item, death) {
      const deaths = await recordDeath(db, { item, work, death });
      warnOf(log, `the ${noun} ${item}`, deaths);
      return deaths;
    },
    close: () => db.destroy(),
  };
}

/** With its connection a row has lost its meaning: others find it, and run what it names alone. */
function unlessGone(error: unknown): void {
  if (databaseFailure(error)?.code !== 'database-gone') throw error;
}

function warnOf(log: Logger, what: string, deaths: readonly Death[]): void {
  const next = isCondemned(deaths) ? 'it is given up' : 'it is tried once more';
  log.warn(`${what}: ${deathsText(deaths)}; ${next}`);
}
