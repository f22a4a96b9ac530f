import pLimit from 'p-limit';
import { codeOf, StopTheRun } from '../../kernel/errors.ts';
import {
  recordDeath,
  removeInFlight,
  addInFlight,
  type SuspectRow,
  type Taken,
} from '../../photo/in-flight.repository.ts';
import { deathsText, isCondemned, type Death } from '../../photo/suspicion.ts';
import type { Logger } from '../../platform/log/logger.ts';
import { openPool } from '../../platform/postgres/open-database.ts';
import type { App } from '../open/app.ts';
import { databaseFailure } from '../open/database-failure.ts';

/** Some items in hand. */
export interface Held {
  /** Those that a process died with. */
  readonly suspects: readonly SuspectRow[];
  /** Lets go of them, with those that this process has survived. Never rejects because the database is away. */
  release(survived: readonly string[]): Promise<void>;
}

/** What this process has in hand of one kind of work, for others to find if it dies. */
export interface InFlight {
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
export function openInFlight(
  { connection, log }: Pick<App, 'connection' | 'log'>,
  { work, noun }: { readonly work: string; readonly noun: 'photo' | 'picture' },
): InFlight {
  const db = openPool({
    ...connection,
    poolSize: 1,
    idleTimeoutMs: 0,
    onConnectionLost: (error) => log.debug({ reason: error.message }, 'a database connection was lost'),
  });
  const open = new Set<number>();
  const oneByOne = pLimit(1);
  let isClosed = false;
  // In turn: who waits for a connection of a pool that is closed meanwhile would wait for ever.
  const inTurn = <T>(use: () => Promise<T>): Promise<T> =>
    oneByOne(() => (isClosed ? Promise.reject(closed(noun)) : use()));
  return {
    work,
    async take(items) {
      const { id, found, suspects } = await inTurn(() => addInFlight(db, { work, items, open: [...open] }));
      open.add(id);
      const what = foundText(found);
      if (what !== '')
        log.warn(`a process died in the middle of its work: what it had in hand (${what}) runs one at a time`);
      return {
        suspects,
        async release(survived) {
          if (isClosed) return;
          await inTurn(() => removeInFlight(db, { id, work, survived })).then(() => open.delete(id), unlessGone);
        },
      };
    },
    async died(item, death) {
      const deaths = await inTurn(() => recordDeath(db, { item, work, death }));
      warnOf(log, `the ${noun} ${item}`, deaths);
      return deaths;
    },
    async close() {
      isClosed = true;
      await db.destroy();
    },
  };
}

const CLOSED = 'in-flight-closed';

function closed(noun: string): StopTheRun {
  return new StopTheRun(`Expected to take a ${noun} in hand before the work ended but it has`, { code: CLOSED });
}

/** `2 photos, 1 picture`; '' for nothing. Whoever finds them may do other work than the dead one did. */
function foundText({ photos, pictures }: Taken['found']): string {
  const each = Object.entries({ photo: photos, picture: pictures }).filter(([, count]) => count > 0);
  return each.map(([noun, count]) => `${count} ${noun}${count === 1 ? '' : 's'}`).join(', ');
}

/** With its connection a row has lost its meaning: others find it, and run what it names alone. */
function unlessGone(error: unknown): void {
  if (codeOf(error) !== CLOSED && databaseFailure(error)?.code !== 'database-gone') throw error;
}

function warnOf(log: Logger, what: string, deaths: readonly Death[]): void {
  const next = isCondemned(deaths) ? 'it is given up' : 'it is tried once more';
  log.warn(`${what}: ${deathsText(deaths)}; ${next}`);
}
