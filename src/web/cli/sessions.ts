import type { Command } from 'commander';
import { recorded } from '../../core/runtime/activity/activity.repository.ts';
import { localActor } from '../../core/runtime/activity/local-actor.process.ts';
import type { App } from '../../core/runtime/open/app.process.ts';
import { UsageError } from '../../core/kernel/errors.ts';
import { foldedName } from '../../core/kernel/people.ts';
import { endSessions, openSessions, type OpenSession } from '../server/access/session.repository.ts';
import { plural, writeJsonLines, writeOut, writeResult } from '../../core/cli/text/output.ts';
import { tableText } from '../../core/cli/text/table.ts';
import { addPlainCommand, runOnData } from '../../core/cli/start/context.ts';
import { either } from '../../core/cli/start/flags.ts';

/** How many digits of an id are shown, and needed to name a session. */
const SHOWN_DIGITS = 8;

export function addSessionsCommand(program: Command): void {
  const sessions = program
    .command('sessions')
    .description('List and end the sessions of people who are logged in to the server');
  addPlainCommand(sessions, 'list', 'List the open sessions: who, from where, until when').run((flags) =>
    runOnData(flags, { name: 'sessions', access: 'read' }, async ({ db }) => {
      const open = await openSessions(db);
      await (flags.json === true ? writeJsonLines(open) : writeOut(listText(open)));
    }),
  );
  addPlainCommand(sessions, 'end', 'End sessions, on every server of the catalogue')
    .argument('[who]', 'a person, a role (the sessions of its shared token), or the id of a session')
    .flags({ all: either(false, 'end every session') })
    .addHelpText(
      'after',
      `
A server refuses an ended session within a second, and breaks off its streams and downloads within some more.
The holder of a token can log in again. To keep a person out, also change or remove the token in the settings.

Examples:
  winnow sessions end alice
  winnow sessions end operator
  winnow sessions end --all
`,
    )
    .run((flags, who: string | undefined) =>
      runOnData(flags, { name: 'sessions', access: 'use' }, async ({ db }) => {
        const ended = await end(db, who, flags.all);
        await writeResult(flags, { ended }, () => `ended ${plural(ended.length, 'session')}\n${tableOf(ended)}`);
      }),
    );
}

async function end(db: App['db'], who: string | undefined, isAll: boolean): Promise<OpenSession[]> {
  if ((who === undefined) !== isAll)
    throw new UsageError('Give a person, a role or the id of a session, or else --all', { code: 'sessions-end' });
  const open = await openSessions(db);
  const chosen = who === undefined ? open : open.filter((session) => isOf(session, who));
  if (who !== undefined && chosen.length === 0) throw unknownWho(who, open);
  const detail = { of: who ?? 'all' };
  const doing = { ...localActor(), action: 'sessions-ended', detail, resultOf: countOf } as const;
  return recorded(db, doing, () =>
    endSessions(
      db,
      chosen.map(({ id }) => id),
    ),
  );
}

function countOf(ended: readonly OpenSession[]): { readonly sessions: number } {
  return { sessions: ended.length };
}

function isOf({ id, name, role }: OpenSession, who: string): boolean {
  if (who.length >= SHOWN_DIGITS && id.startsWith(who.toLowerCase())) return true;
  return name === null ? role === who : foldedName(name) === foldedName(who);
}

function unknownWho(who: string, open: readonly OpenSession[]): UsageError {
  const known = [...new Set(open.map(({ name, role }) => name ?? role))].join(', ');
  return new UsageError(
    `Expected a person or role that is logged in (${known === '' ? 'nobody is' : known}) or the id of a session but received '${who}'`,
    { code: 'unknown-session' },
  );
}

function listText(open: readonly OpenSession[]): string {
  return open.length === 0 ? 'nobody is logged in\n' : tableOf(open);
}

function timeOf(at: Date): string {
  return at.toISOString().slice(0, 16).replace('T', ' ');
}

function tableOf(sessions: readonly OpenSession[]): string {
  if (sessions.length === 0) return '';
  return tableText(
    ['id', 'who', 'role', 'from', 'since (UTC)', 'until (UTC)'],
    sessions.map(({ id, name, role, place, since, until }) => [
      id.slice(0, SHOWN_DIGITS),
      name ?? '(shared token)',
      role,
      place,
      timeOf(since),
      timeOf(until),
    ]),
  );
}
