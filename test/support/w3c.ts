import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

/** The jar of the npm package `vnu-jar`: https://validator.github.io/validator/. It needs Java. */
const CHECKER = process.env['WINNOW_TEST_VNU'];

export const NO_CHECKER = 'WINNOW_TEST_VNU does not name vnu.jar (npm package vnu-jar, which needs Java)';
export const hasChecker = CHECKER !== undefined;

/** Runs the W3C's checker on pages by name. Returns one line for each error: page, what is wrong, and the text there. */
export async function errorsOfHtml(pages: ReadonlyMap<string, string>): Promise<string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-w3c-'));
  const files = new Map([...pages.keys()].map((name, i) => [path.join(folder, `${i}.html`), name]));
  for (const [file, name] of files) await writeFile(file, pages.get(name) ?? '');
  const flags = ['--errors-only', '--exit-zero-always', '--stdout', '--format', 'json'];
  const { stdout } = await promisify(execFile)('java', ['-jar', CHECKER ?? '', ...flags, ...files.keys()], {
    maxBuffer: 2 ** 28,
  });
  await rm(folder, { recursive: true });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { messages } = JSON.parse(stdout) as { messages: { url: string; message: string; extract?: string }[] };
  return messages.map(({ url, message, extract = '' }) => {
    const name = files.get(url.replace(/^file:/, '')) ?? url;
    return `${name}: ${message}: ${extract.slice(0, 160)}`;
  });
}
