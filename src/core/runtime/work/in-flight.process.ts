import pLimit from 'p-limit';
import { codeOf, StopTheRun } from '../../kernel/errors.ts';
import { recordDeath, removeInFlight, addInFlight, type Taken } from './in-flight.repository.ts';
import { condemning, deathsText, isCondemned, type Death } from '../../platform/child/suspicion.ts';
import { ChildProgram, type ChildOptions } from '../../platform/child/child-program.ts';
import { openPool } from '../../platform/postgres/open-database.ts';
import type { App } from '../open/app.process.ts';
import { databaseFailure } from '../open/database-failure.process.ts';

export interface InFlightOptions<Spec> {
  /** Names the work that an item may be poison for. */
  readonly work: string;
  readonly noun: 'photo' | 'picture';
  readonly child: ChildOptions<Spec>;
}

export interface Held<Request, Answer> {
  /** The items that were in flight when a process died. With each the deaths that condemn it, or null if it must be tried. */
  readonly suspects: ReadonlyMap<string, readonly Death[] | null>;
  /** Runs a suspect alone in a child process, once more if that dies. Returns the answer or the deaths that condemn it. */
  alone(item: string, request: Request): Promise<{ readonly answer: Answer } | { readonly deaths: readonly Death[] }>;
  /**
   * Ends the flight of the items, and clears the suspicion of those that have run alone and of those that the caller names
   * (another process may suspect them, because the connection was lost). Never rejects if the database is away.
   */
  release(survived?: readonly string[]): Promise<void>;
}

/**
 * Records which items this process has in flight, in case it dies. Those of a process that died run in a child process,
 * one at a time. The connection stays open: it tells other processes that this one lives. A batch costs two small
 * statements, which wait for no disk.
 */
export class InFlightItems<Spec, Request, Answer> {
  readonly #options: InFlightOptions<Spec>;
  readonly #log: App['log'];
  readonly #db: ReturnType<typeof openPool>;
  readonly #child: ChildProgram<Spec, Request, Answer>;
  readonly #aloneInTurn = pLimit(1);
  /** One caller at a time: a caller that waits for a connection of a pool that is being closed would wait for ever. */
  readonly #queryInTurn = pLimit(1);
  readonly #open = new Set<number>();
  #isClosed = false;

  constructor({ connection, log }: Pick<App, 'connection' | 'log'>, options: InFlightOptions<Spec>) {
    this.#options = options;
    this.#log = log;
    this.#child = new ChildProgram(options.child);
    this.#db = openPool({
      ...connection,
      poolSize: 1,
      idleTimeoutMs: 0,
      onConnectionLost: (error) => log.debug({ reason: error.message }, 'a database connection was lost'),
    });
  }

  async take(items: readonly string[]): Promise<Held<Request, Answer>> {
    const { work } = this.#options;
    const { id, found, suspects } = await this.#query(() =>
      addInFlight(this.#db, { work, items, open: [...this.#open] }),
    );
    this.#open.add(id);
    const what = foundText(found);
    if (what !== '')
      this.#log.warn(`a process died in the middle of its work: what it had in flight (${what}) runs one at a time`);
    const deathsOf = new Map(suspects.map(({ item }) => [item, condemning(suspects, { item, work })]));
    const survivedAlone: string[] = [];
    return {
      suspects: deathsOf,
      alone: async (item, request) => {
        const deaths = deathsOf.get(item) ?? null;
        if (deaths !== null) return { deaths };
        const reply = await this.#aloneInTurn(() => this.#runAlone(item, request));
        if ('answer' in reply) survivedAlone.push(item);
        return reply;
      },
      release: (survived = []) => this.#release(id, [...survivedAlone, ...survived]),
    };
  }

  /** Ends the child process, for example to free its memory. The next suspect starts it again. */
  endChild(): Promise<void> {
    return this.#child.close();
  }

  async close(): Promise<void> {
    await this.endChild();
    this.#isClosed = true;
    await this.#db.destroy();
  }

  async #runAlone(item: string, request: Request): ReturnType<Held<Request, Answer>['alone']> {
    const { work, noun } = this.#options;
    for (;;) {
      const reply = await this.#child.ask(request);
      if ('answer' in reply) return reply;
      const deaths = await this.#query(() => recordDeath(this.#db, { item, work, death: reply.death }));
      const isGivenUp = isCondemned(deaths);
      this.#log.warn(
        `the ${noun} ${item}: ${deathsText(deaths)}; ${isGivenUp ? 'it is given up' : 'it is tried once more'}`,
      );
      if (isGivenUp) return { deaths };
    }
  }

  async #release(id: number, survived: readonly string[]): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.#query(() => removeInFlight(this.#db, { id, work: this.#options.work, survived }));
      this.#open.delete(id);
    } catch (error) {
      // If its connection is lost, the row has lost its meaning. Other processes then find it and run its items one by one.
      if (codeOf(error) !== CLOSED && databaseFailure(error)?.code !== 'database-gone') throw error;
    }
  }

  #query<T>(query: () => Promise<T>): Promise<T> {
    return this.#queryInTurn(() => {
      if (!this.#isClosed) return query();
      throw new StopTheRun(`Cannot start a ${this.#options.noun}: the work has ended`, { code: CLOSED });
    });
  }
}

const CLOSED = 'in-flight-closed';

/** `2 photos, 1 picture`; '' for nothing. The dead process may have done another kind of work than this one. */
function foundText({ photos, pictures }: Taken['found']): string {
  const each = Object.entries({ photo: photos, picture: pictures }).filter(([, count]) => count > 0);
  return each.map(([noun, count]) => `${count} ${noun}${count === 1 ? '' : 's'}`).join(', ');
}
