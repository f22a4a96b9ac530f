import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/**
 * Logs go to stderr, always: stdout is for results. On a terminal they are made for reading, elsewhere one JSON object
 * a line. Connection strings are redacted wherever they turn up as a field.
 */
export function openLogger(level: LogLevel, stderr: NodeJS.WriteStream): Logger {
  const options = {
    level,
    base: null,
    redact: ['url', '*.url', 'password', '*.password', 'connectionString', '*.connectionString'],
  };
  const destination = stderr.isTTY
    ? pretty({ destination: 2, sync: true, colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' })
    : pino.destination({ dest: 2, sync: true });
  return pino(options, destination);
}
