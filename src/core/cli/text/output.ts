import process from 'node:process';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import {
  codeOf,
  isFileError,
  messageOf,
  StopTheRun,
  withoutCodes,
  WinnowError,
  Interrupted,
  ServiceAway,
  UsageError,
} from '../../kernel/errors.ts';
import { asTyped } from '../../kernel/command-text.ts';
import { printable } from '../../kernel/printable.ts';
import { countOf as plural, nonEmpty } from '../../kernel/texts.ts';
import type { Mode } from '../../kernel/mode.ts';
import type { Logger } from '../../platform/log/logger.ts';

export { bytesText, countOf as plural, countText, nonEmpty, shellWord } from '../../kernel/texts.ts';

/** The reader of stdout has closed it, as `| head` does. The command ends, and this is not a failure. */
class ReaderGone extends WinnowError {}

/** A failed write to stdout causes an event, not an error at the place of the write. */
export function watchOutput(): { flushed(): Promise<void>; failure(): WinnowError | null } {
  let failure: WinnowError | null = null;
  process.stdout.on('error', (error) => {
    failure ??=
      codeOf(error) === 'EPIPE'
        ? new ReaderGone('The reader of stdout has gone', { code: 'reader-gone', cause: error })
        : new StopTheRun(`Expected to write the results to stdout but received '${error.message}'`, {
            code: 'stdout',
            cause: error,
          });
  });
  return {
    failure: () => failure,
    flushed: async () => {
      await new Promise<void>((resolve) => {
        process.stdout.write('', () => resolve());
      });
      // The event comes after the callback.
      await setImmediate();
      if (failure !== null) throw failure;
    },
  };
}

/** A text for people. Pass texts from outside through `oneLine` before they become part of a line. */
export function writeOut(text: string): Promise<void> {
  return writeData(forPeople(text));
}

/** JSON, CSV and other files. Escapes control characters. */
export async function writeData(text: string): Promise<void> {
  if (process.stdout.write(printable(text))) return;
  await once(process.stdout, 'drain');
}

export async function writeResult(
  { json }: { readonly json?: boolean },
  result: unknown,
  textOf: () => string | Promise<string>,
): Promise<void> {
  if (json === true) await writeData(`${JSON.stringify(result)}\n`);
  else await writeOut(await textOf());
}

export async function writeJsonLines(rows: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
  for await (const row of rows) await writeData(`${JSON.stringify(row)}\n`);
}

export const SUBJECT_HEADS: Readonly<Record<Mode, readonly string[]>> = { A: ['wnid', 'class'], O: ['id', 'concept'] };

export function linesText(texts: readonly (string | false)[]): string {
  return nonEmpty(texts)
    .map((text) => `${text}\n`)
    .join('');
}

/** `12.3 %`. Empty if the share is unknown. */
export function percentText(share: number | null): string {
  return share === null ? '' : `${(share * 100).toFixed(1)} %`;
}

/** `12 s`, `4 min`, `1.5 h` */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

const PHOTOS_NAMED = 3;

/** `5 photos (HASH, HASH, HASH and 2 more)` */
export function photosText(hashes: readonly string[]): string {
  const more = hashes.length > PHOTOS_NAMED ? ` and ${hashes.length - PHOTOS_NAMED} more` : '';
  return `${plural(hashes.length, 'photo')} (${hashes.slice(0, PHOTOS_NAMED).join(', ')}${more})`;
}

export function prunedText(count: number): string {
  return `${plural(count, 'photo')} cannot be decided without the bytes that were pruned: winnow retry --reason pruned has them fetched again by the next crawl`;
}

/**
 * The exit codes are part of the contract, because scripts rely on them. Only workers and the server end with `serviceAway`,
 * which is EX_TEMPFAIL of sysexits.h: the same start may succeed later.
 */
export const EXIT = { done: 0, incomplete: 1, usage: 2, serviceAway: 75, interrupted: 130 } as const;

/** For the help of workers and the server. */
export const SERVICE_EXIT_CODES = `
Exit codes: 0 ended on request, 1 it could not go on, 2 wrong usage, 75 a service was away at the start for longer than
workers.waitForServicesMs (start it again later), 130 interrupted while it started.
`;

function forPeople(text: string): string {
  return asTyped(withoutCodes(text));
}

/** A line for people on stderr. */
function writeNote(text: string): void {
  console.error(forPeople(text));
}

/**
 * The process ends on its own once nothing is open, so no write is cut off.
 * @param log takes the error as a log line, instead of a sentence for people
 */
export function exitWith(outcome: unknown, log?: Pick<Logger, 'fatal'>): void {
  if (typeof outcome === 'number') {
    process.exitCode = outcome;
    return;
  }
  process.exitCode = exitCodeOf(outcome);
  if (outcome instanceof Interrupted || outcome instanceof ReaderGone) return;
  if (log !== undefined) log.fatal(...fatalLine(outcome));
  else if (outcome instanceof WinnowError) writeNote(`winnow: ${printable(outcome.message)}`);
  else if (isFileError(outcome))
    writeNote(`winnow: ${outcome.message}. Check the path, and who may read and write there.`);
  // Anything else is a defect, and the stack helps to fix it.
  else console.error('winnow: unexpected error; please report it.', outcome);
}

function fatalLine(error: unknown): [fields: object, message: string] {
  if (error instanceof WinnowError || isFileError(error))
    return [{ code: error.code ?? 'file' }, forPeople(error.message)];
  const stack = error instanceof Error ? error.stack : undefined;
  return [{ code: 'unexpected', stack }, `unexpected error; please report it: ${messageOf(error)}`];
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof ServiceAway) return EXIT.serviceAway;
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof ReaderGone) return EXIT.done;
  return EXIT.incomplete;
}
