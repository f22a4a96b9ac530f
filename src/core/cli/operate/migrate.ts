import type { Command } from 'commander';
import { migrateCatalogue, type Migrated } from '../../operate/upkeep/migrate-catalogue.process.ts';
import { UsageError } from '../../kernel/errors.ts';
import { KNOWN_SCHEMA } from '../../platform/postgres/schema.ts';
import { confirmed } from '../text/ask.ts';
import { writeResult } from '../text/output.ts';
import { addPlainCommand, runCommand, withApp, type CommandContext } from '../start/context.ts';
import { either } from '../start/flags.ts';

const HELP = `
A new version of winnow may need other tables. On a PostgreSQL server of your own (DATABASE_URL) no other
command changes them: each says what to do. First end every winnow process that uses the catalogue and make
a backup of the database (pg_dump). The change is one transaction: it happens as a whole or not at all. An
older winnow then refuses the catalogue.

The catalogue of a data folder is brought up to date by the first command of the new version, which first
copies it to postgres/cluster.schema-N in the data folder.

Examples:
  winnow migrate
  winnow migrate --yes
`;

export function addMigrateCommand(program: Command): void {
  addPlainCommand(program, 'migrate', 'Bring the tables of a shared catalogue to the schema that this version needs')
    .flags({ yes: either(false, 'do not ask') })
    .addHelpText('after', HELP)
    .run((flags) =>
      runCommand(flags, async (context) => {
        const done = await migrated(flags.yes, context);
        await writeResult(flags, done, () => textOf(done));
      }),
    );
}

async function migrated(yes: boolean, context: CommandContext): Promise<Migrated> {
  const { loaded, log, signal } = context;
  const { config } = loaded;
  const { url } = config.postgres;
  if (url === null) {
    return withApp(context, { name: 'migrate', access: 'use' }, async ({ upgrade }) =>
      upgrade === null ? { fromSchema: KNOWN_SCHEMA, toSchema: KNOWN_SCHEMA } : upgrade,
    );
  }
  const confirm = async (question: string): Promise<void> => {
    const answer = yes ? true : await confirmed(question, signal);
    if (answer === true) return;
    const why = answer === null ? 'This is no terminal to ask at. Add --yes to go on: ' : 'Not confirmed: ';
    throw new UsageError(`${why}${answer === null ? question : 'nothing was changed.'}`, { code: 'not-confirmed' });
  };
  return migrateCatalogue({ config, log, url, signal, confirm });
}

function textOf({ fromSchema, toSchema }: Migrated): string {
  if (fromSchema === toSchema) return `the catalogue has schema ${toSchema}, which this winnow needs\n`;
  return fromSchema === 0
    ? `the database was empty: it has schema ${toSchema} now\n`
    : `brought the catalogue from schema ${fromSchema} to ${toSchema}\n`;
}
