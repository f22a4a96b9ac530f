import { hideSecret } from '../../tools/quote.ts';
import { UsageError } from '../../kernel/errors.ts';
import { otherClients } from '../../platform/postgres/clients.ts';
import { Lease } from '../../platform/postgres/lease.ts';
import { migrate, openPool, schemaIn } from '../../platform/postgres/open-database.ts';
import { reachServer } from '../../platform/postgres/reach-server.ts';
import { KNOWN_SCHEMA, refuseUnknownSchema } from '../../platform/postgres/schema.ts';
import { recordActivity } from '../../runtime/activity/activity.repository.ts';
import { localActor } from '../../runtime/activity/local-actor.process.ts';
import { clientNameOf, type App } from '../../runtime/open/app.process.ts';
import { refuseUnfinishedMove } from '../../runtime/open/move-state.repository.ts';

export interface MigrateOptions {
  readonly config: App['config'];
  readonly log: App['log'];
  readonly url: string;
  readonly signal: AbortSignal;
  /** Asks whether to go on. It is not called if there is nothing to do. */
  readonly confirm: (question: string) => Promise<void>;
}

export interface Migrated {
  readonly fromSchema: number;
  readonly toSchema: number;
}

/**
 * Brings a catalogue on the user's own PostgreSQL server up to date. No other winnow process may use it before the end: each has
 * a share in a lock that is taken alone here.
 *
 * @throws UsageError `schema-newer`, `schema-foreign`, `schema-in-use`, `move-unfinished`, `restore-unfinished`, and what `confirm` throws;
 * StopTheRun `migration-failed`, `postgres-unreachable`
 */
export async function migrateCatalogue({ config, log, url, signal, confirm }: MigrateOptions): Promise<Migrated> {
  const applicationName = clientNameOf(config, 'migrate');
  const shown = `PostgreSQL at ${hideSecret(url, 'url-passwords')}`;
  await reachServer({ url, applicationName, shown, signal });
  const db = openPool({ url, applicationName, poolSize: 1, onConnectionLost: () => undefined });
  try {
    const state = await schemaIn(db);
    refuseUnknownSchema(state);
    const done = { fromSchema: state.schema, toSchema: KNOWN_SCHEMA };
    if (state.kind === 'current') return done;
    await refuseUnfinishedMove(db, shown);
    await refuseOthers(db);
    if (state.kind === 'older')
      await confirm(
        `Bring the catalogue in ${shown} from schema ${state.schema} to ${KNOWN_SCHEMA}? An older winnow cannot use it afterwards. Make a backup of the database first.`,
      );
    const alone = await Lease.openAlone({ url, applicationName, log });
    try {
      await refuseOthers(db, alone === null);
      await migrate(db);
      // A database that was empty stays without rows, so that `winnow move` and `winnow restore` may fill it.
      if (done.fromSchema > 0) await recordActivity(db, { ...localActor(), action: 'migrate', detail: { ...done } });
    } finally {
      await alone?.close();
    }
    return done;
  } finally {
    await db.destroy();
  }
}

/** @param isUsed whether there are others, also if none is found by its name */
async function refuseOthers(db: App['db'], isUsed = false): Promise<void> {
  const names = await otherClients(db);
  if (names.length === 0 && !isUsed) return;
  const found = names.length === 0 ? 'another one' : names.map((name) => `'${name}'`).join(', ');
  throw new UsageError(
    `Expected no other winnow process on the catalogue but found ${found} (the command, its process id and its machine). Nothing was changed. End them and run the command again.`,
    { code: 'schema-in-use' },
  );
}
