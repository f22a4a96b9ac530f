import { describe, expect, it } from 'vitest';
import { openLogger, logText } from '../../../../../src/core/platform/log/logger.ts';

describe('a log line for people', () => {
  it('is a sentence with its rank and its fields', () => {
    expect(logText({ level: 'warn', time: 1, msg: 'a job failed', stage: 'fetch', attempt: 2 })).toBe(
      'winnow: warning: a job failed (stage fetch, attempt 2)',
    );
    expect(logText({ level: 'error', time: 1, msg: 'nothing moves', left: { jobs: 3 } })).toBe(
      'winnow: error: nothing moves (left {"jobs":3})',
    );
    expect(logText({ level: 'info', time: 1, msg: 'reading the dump' })).toBe('winnow: reading the dump');
  });

  it('stays one line without control characters for any content', () => {
    expect(logText({ level: 'warn', msg: 'odd\u001b[2J', file: 'a\nb' })).toBe(
      String.raw`winnow: warning: odd\u001b[2J (file a\nb)`,
    );
  });

  it('is written without secrets if stderr is not a terminal', () => {
    const lines: string[] = [];
    const stderr = Object.assign(Object.create(process.stderr), {
      isTTY: false,
      write: (line: string) => lines.push(line),
    }) as NodeJS.WriteStream;
    const log = openLogger({ level: 'info', format: 'text' }, stderr);
    log.debug('not this');
    log.warn({ url: 'postgres://me:secret@host' }, 'watch out');
    expect(lines).toEqual(['winnow: warning: watch out (url [Redacted])\n']);
  });
});
