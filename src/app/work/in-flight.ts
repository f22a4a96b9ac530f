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

/** Some items that are in flight. */
export interface Held {
  /** The items that were in flight when a process died. */
  readonly suspects: readonly SuspectRow[];
  /**
   * Ends the flight of the items, and clears the suspicion of those that this process has survived. Never rejects if the
   * database is away.
   */
  release(survived: readonly string[]): Promise<void>;
}

/** The items of one kind of work that this process has in flight, recorded for other processes in case this one dies. */
export interface InFlight {
  readonly work: string;
  take(items: readonly string[]): Promise<Held>;
  /** Records that a process died with only this item in flight. Returns all such deaths. */
  died(item: string, death: Death): Promise<readonly Death[]>;
  close(): Promise<void>;
}

/**
 * Records items on a connection that is kept open. As long as it is open, other processes know that this one lives. Costs
 * two small statements for each batch, which wait for no disk.
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
  // One caller at a time: a caller that waits for a connection of a pool that is being closed would wait for ever.
  const inTurn = <T>(use: () => Promise<T>): Promise<T> =>
    oneByOne(() => (isClosed ? Promise.reject(closed(noun)) : use()));
  return {
    work,
    async take(items) {
      const { id, found, suspects } = await inTurn(() => addInFlight(db, { work, items, open: [...open] }));
      open.add(id);
      const what = foundText(found);
      if (what !== '')
        log.warn(`a process died in the middle of its work: what it had in flight (${what}) runs one at a time`);
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
  return new StopTheRun(`Cannot start a ${noun}: the work has ended`, { code: CLOSED });
}

/** `2 photos, 1 picture`; '' for nothing. The dead process may have done another kind of work than this one. */
function foundText({ photos, pictures }: Taken['found']): string {
  const each = Object.entries({ photo: photos, picture: pictures }).filter(([, count]) => count > 0);
  return each.map(([noun, count]) => `${count} ${noun}${count === 1 ? '' : 's'}`).join(', ');
}

/** If its connection is lost, the row has lost its meaning. Other processes then find it and run its items one by one. */
function unlessGone(error: unknown): void {
  if (codeOf(error) !== CLOSED && databaseFailure(error)?.code !== 'database-gone') throw error;
}

function warnOf(log: Logger, what: string, deaths: readonly Death[]): void {
  const next = isCondemned(deaths) ? 'it is given up' : 'it is tried once more';
  log.warn(`${what}: ${deathsText(deaths)}; ${next}`);
}
