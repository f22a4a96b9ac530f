import { type Command, InvalidArgumentError } from 'commander';
import * as z from 'zod';
import { isCollectionKnown, listActivity } from '../../runtime/activity/activity.repository.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { hasData } from '../../runtime/open/data-folder.process.ts';
import { detailText } from '../../runtime/activity/activity-text.ts';
import { SINCE_RULE, sinceOf } from '../../runtime/activity/since.ts';
import { isPath, usableCollection } from '../../collection/collection.process.ts';
import { ACTIVITIES, type LoggedActivity } from '../../kernel/activity.ts';
import { systemClock } from '../../kernel/clock.ts';
import { writeJsonLines, writeOut } from '../text/output.ts';
import { tableText } from '../text/table.ts';
import { addCommand, runCommand, withApp, type CommandContext } from '../start/context.ts';
import { option, optional, optionalText, wholeNumber, type GlobalFlags } from '../start/flags.ts';

const HELP = `
Newest first. Commands are recorded under the user of the system and the machine, requests of the server
under the person or role of the token and the address. A failed log-in is one line, and further ones of the
same address within a minute are counted in a second one. An activity without an end runs still, or its
process was killed. PostgreSQL refuses to change or delete a line. Times are in UTC.

Examples:
  winnow activity
  winnow activity --since 7d --action takedown
  winnow activity --collection imagenet-a --limit 1000 --json
  winnow activity --collection config/collections/birds.yaml
`;

export function addActivityCommand(program: Command): void {
  addCommand(program, 'activity', 'List who did what, when and from where: pauses, deletions, exports, log-ins')
    .flags({
      since: optional(z.date(), 'when', { help: `only since ${SINCE_RULE}`, parse: sinceFlag }),
      limit: option(wholeNumber(1, 1_000_000).default(50), 'lines', 'at most this many lines'),
      action: optional(z.enum(ACTIVITIES), 'name', 'only this'),
      who: optionalText('name', 'only of this person, role or user, as the list shows it'),
    })
    .addHelpText('after', HELP)
    .run((flags) =>
      runOnLog(flags, 'activity', async (db, collection) => {
        const { since, limit, action, who } = flags;
        const lines = await listActivity(db, { since, limit, action, who, collection });
        await (flags.json === true ? writeJsonLines(lines) : writeOut(linesOf(lines)));
      }),
    );
}

/** For lists that can show one collection only, and that show it also after it was forgotten. */
export async function runOnLog(
  flags: GlobalFlags,
  name: string,
  list: (db: App['db'], collection: string | undefined) => Promise<void>,
): Promise<void> {
  const { collection, data } = flags;
  const read = async (context: CommandContext): Promise<void> => {
    const hasLog = context.loaded.config.postgres.url !== null || (await hasData(data));
    if (collection !== undefined && !hasLog) await usableCollection(collection);
    await withApp(context, { name, access: 'read' }, async ({ db }) => {
      await list(db, collection === undefined ? undefined : await nameOf(db, collection));
    });
  };
  await runCommand(flags, read, { collection: 'logged' });
}

/** A path gives the name in its file. A name that the catalogue knows needs no file. */
async function nameOf(db: App['db'], nameOrPath: string): Promise<string> {
  if (!isPath(nameOrPath) && (await isCollectionKnown(db, nameOrPath))) return nameOrPath;
  return (await usableCollection(nameOrPath)).collection.name;
}

function sinceFlag(text: string): Date {
  const since = sinceOf(text, systemClock.nowMs());
  if (since !== null) return since;
  throw new InvalidArgumentError(`Expected ${SINCE_RULE} but received '${text}'.`);
}

function linesOf(lines: readonly LoggedActivity[]): string {
  if (lines.length === 0) return 'nothing is recorded that fits\n';
  return tableText(
    ['when', 'who', 'from', 'did', 'collection', '', 'detail'],
    lines.map(({ at, who, place, action, collection, outcome, detail }) => [
      at.toISOString().slice(0, 19).replace('T', ' '),
      who,
      place,
      action,
      collection ?? '',
      outcome === 'done' ? '' : (outcome ?? 'no end'),
      detailText(detail),
    ]),
  );
}
