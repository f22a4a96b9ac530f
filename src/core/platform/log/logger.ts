import { createRequire } from 'node:module';
import {
  pino,
  type DestinationStream,
  type LevelWithSilent,
  type Logger,
  type LoggerOptions as LoggerOptionsOfPino,
} from 'pino';
import type pinoPretty from 'pino-pretty';
import { asTyped } from '../../kernel/command-text.ts';
import { withoutCodes } from '../../kernel/errors.ts';
import { oneLine } from '../../kernel/printable.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: LevelWithSilent;
  /** `text`: one line for each message, for people. `json`: one object a line, for programs. */
  readonly format: 'text' | 'json';
}

/** Logs go to stderr: stdout is for results. Connection strings are redacted in every field. */
export function openLogger({ level, format }: LoggerOptions, stderr: NodeJS.WriteStream): Logger {
  if (format === 'json') return pino(optionsOf(level), pino.destination({ dest: 2, sync: true }));
  if (stderr.isTTY) return pino(optionsOf(level), terminal(stderr));
  return openLineLogger(level, stderr);
}

/** Writes one line of text for each message. */
export function openLineLogger(level: LevelWithSilent, out: { write(text: string): unknown }): Logger {
  return pino(optionsOf(level), { write: (line) => void out.write(`${logText(JSON.parse(line))}\n`) });
}

function optionsOf(level: LevelWithSilent): LoggerOptionsOfPino {
  const redact = ['url', '*.url', 'password', '*.password', 'connectionString', '*.connectionString'];
  return { level, base: null, redact, formatters: { level: (word) => ({ level: word }) } };
}

function terminal(stderr: NodeJS.WriteStream): DestinationStream {
  // Loaded here, because no command needs it without a terminal.
  const load: (name: string) => typeof pinoPretty = createRequire(import.meta.url);
  const pretty = load('pino-pretty');
  return pretty({
    destination: 2,
    sync: true,
    // Node's own check of the terminal and of NO_COLOR.
    colorize: stderr.hasColors(),
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss',
    messageFormat: (log, messageKey) => oneLine(asTyped(withoutCodes(String(log[messageKey])))),
  });
}

/** How a line begins, by its level. Other levels have no word. */
const RANKS: Readonly<Record<string, string>> = { fatal: 'error: ', error: 'error: ', warn: 'warning: ' };

/** `winnow: warning: a job failed (stage fetch, attempt 2)` */
function logText({ level, msg, ...fields }: Readonly<Record<string, unknown>>): string {
  const rank = RANKS[String(level)] ?? '';
  const about = Object.entries(fields)
    .filter(([name]) => name !== 'time')
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return oneLine(
    asTyped(withoutCodes(`winnow: ${rank}${String(msg)}${about.length === 0 ? '' : ` (${about.join(', ')})`}`)),
  );
}
