import { describe, expect, it } from 'vitest';
import { openLineLogger, openLogger } from '../../../../../src/core/platform/log/logger.ts';

describe('a log line for people', () => {
  it('is a sentence with its rank and its fields', () => {
    const lines: string[] = [];
    const log = openLineLogger('info', { write: (line) => lines.push(line) });
    log.warn({ stage: 'fetch', attempt: 2 }, 'a job failed');
    log.error({ left: { jobs: 3 } }, 'nothing moves');
    log.info('reading the dump');
    log.warn({ file: 'a\nb' }, 'odd\u001b[2J');
    expect(lines).toEqual([
      'winnow: warning: a job failed (stage fetch, attempt 2)\n',
      'winnow: error: nothing moves (left {"jobs":3})\n',
      'winnow: reading the dump\n',
      `${String.raw`winnow: warning: odd\u001b[2J (file a\nb)`}\n`,
    ]);
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
