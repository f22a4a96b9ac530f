import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import * as z from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { packageRoot } from '../../src/core/config/root.ts';
import { testFolder } from '../support/test-app.ts';

const packedSchema = z.tuple([z.object({ files: z.array(z.object({ path: z.string() })) })]);

function filesPackedOf(folder: string): string[] {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const output = execFileSync('npm', args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26 });
  return packedSchema.parse(JSON.parse(output))[0].files.map((file) => file.path);
}

function filesOfRepository(...folders: string[]): string[] {
  const args = ['-c', 'safe.directory=*', 'ls-files', ...folders];
  const output = execFileSync('git', args, { cwd: packageRoot, encoding: 'utf8', maxBuffer: 2 ** 26 });
  return output.trim().split('\n');
}

const OURS =
  'config/collections/demo.yaml dist/main.mjs dist/index.mjs dist/types/index.d.ts examples/curate.mjs src/cli/winnow.cjs'.split(
    ' ',
  );
const NOT_OURS =
  `data/demo/blobs/a.jpg exports/v1/test/a.jpg reports/v1/report.html photos/kite/a.jpg .env config/local.yaml
  config/local/models/mine.onnx config/collections/mine.yaml config/models/mine.yaml src/main.ts dist/main.mjs.map
  test/a.test.ts scripts/build.ts workers/fetch.ts`.split(/\s+/);

it('the package has nothing of the user, no tests and no sources', async () => {
  const folder = await testFolder();
  cpSync(path.join(packageRoot, 'package.json'), path.join(folder, 'package.json'));
  for (const name of [...OURS, ...NOT_OURS]) {
    mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(folder, name), '');
  }
  expect(filesPackedOf(folder).toSorted()).toEqual([...OURS, 'package.json'].toSorted());
});

const LINK = /\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g;

it('links of packed pages lead to packed files', async () => {
  // npm lists empty files as it does full ones, but need not compress 40 MB of models for that.
  const folder = await testFolder();
  for (const file of filesOfRepository(
    'README.md',
    'LICENSE',
    ...packageJson.files.filter((name) => !name.startsWith('!')),
  )) {
    mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(folder, file), '');
  }
  cpSync(path.join(packageRoot, 'package.json'), path.join(folder, 'package.json'));
  const packed = filesPackedOf(folder);
  const isPacked = (target: string): boolean => packed.some((name) => name === target || name.startsWith(`${target}/`));
  const links = packed
    .filter((name) => name.endsWith('.md'))
    .flatMap((page) => {
      const text = readFileSync(path.join(packageRoot, page), 'utf8').replaceAll(/`[^`\n]*`/g, '');
      return [...text.matchAll(LINK)]
        .map(([, link, picture]) => (link ?? picture ?? '').split('#')[0] ?? '')
        .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
        .map((target) => ({ page, target: path.posix.join(path.posix.dirname(page), target) }));
    });
  expect(links.length).toBeGreaterThan(150);
  expect(links.filter(({ target }) => !isPacked(target))).toEqual([]);
});

it('npm run format rewrites sources, and nothing that commands of winnow write into the clone', async () => {
  const folder = await testFolder();
  for (const name of ['.gitignore', '.prettierignore', 'config/tools/oxfmt.json'])
    cpSync(path.join(packageRoot, name), path.join(folder, name));
  const written = ['exports/v1/protocol.json', 'reports/v1/report.html', 'photos/labels.json', 'backups/1/a.json'];
  for (const name of [...written, 'data/a.json', 'src/a.json', 'test/exports/a.json']) {
    mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(folder, name), '{"a"  :1}');
  }
  const [, program = '', ...args] = packageJson.scripts.format.split(' ');
  execFileSync(path.join(packageRoot, 'node_modules/.bin', program), args, { cwd: folder });
  const isAsWritten = (name: string): boolean => readFileSync(path.join(folder, name), 'utf8') === '{"a"  :1}';
  expect([...written, 'data/a.json'].filter((name) => !isAsWritten(name))).toEqual([]);
  expect(['src/a.json', 'test/exports/a.json'].filter(isAsWritten)).toEqual([]);
});

it('the package has every collection and model card of the repository', () => {
  const bundled = filesOfRepository('config/collections', 'config/models');
  expect(packageJson.files).toEqual(expect.arrayContaining(bundled));
});
