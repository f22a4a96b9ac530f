import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { isSafeCsv, writeCsv } from '../../../../../src/core/cli/text/csv-output.ts';

const ROW = { creator: '=HYPERLINK("http://evil.example")', title: 'a\u001b]0;owned\u0007b', p: -0.5, tags: ['x'] };

async function csvOf(isSafe: boolean, isTTY: boolean): Promise<string> {
  const out = Object.assign(new PassThrough(), { isTTY });
  const rows = async function* (): AsyncGenerator<object> {
    yield ROW;
  };
  await writeCsv(rows(), isSafe, out);
  out.end();
  return text(out);
}

describe('a list as CSV', () => {
  it('has texts of strangers as they are, for files and other programs', async () => {
    expect(await csvOf(false, false)).toBe(
      'creator,title,p,tags\n"=HYPERLINK(""http://evil.example"")",a\u001b]0;owned\u0007b,-0.5,"[""x""]"\n',
    );
  });

  it('sends no control characters to a terminal', async () => {
    expect(await csvOf(false, true)).toContain(String.raw`,a\u001b]0;owned\u0007b,-0.5,`);
  });

  it('has no formulas with --safe-csv, and the same numbers', async () => {
    expect(await csvOf(true, false)).toContain(`"'=HYPERLINK(""http://evil.example"")",`);
    expect(await csvOf(true, false)).toContain(',-0.5,');
  });

  it('refuses --safe-csv with another format, in which nothing would be made safe', () => {
    expect([isSafeCsv({ safeCsv: true }, 'csv'), isSafeCsv({}, 'table')]).toEqual([true, false]);
    expect(() => isSafeCsv({ safeCsv: true }, 'table')).toThrow(
      "Expected --format csv with --safe-csv but received 'table'",
    );
  });
});
