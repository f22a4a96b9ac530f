import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { version } from '../../../src/core/config/version.ts';
import { testFolder } from '../../support/test-app.ts';

const root = path.resolve(import.meta.dirname, '../../..');

async function contextOfImage(): Promise<string[]> {
  const lines = (await readFile(path.join(root, '.dockerignore'), 'utf8')).split('\n');
  return lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
}

describe('the image', () => {
  it('is built from no more files than .dockerignore lets through', async () => {
    const folder = await testFolder();
    for (const name of await contextOfImage())
      await cp(path.join(root, name), path.join(folder, name), { recursive: true });
    await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    await promisify(execFile)(process.execPath, ['--import', 'tsx', 'scripts/build.ts'], { cwd: folder });
    expect((await stat(path.join(folder, 'dist/main.mjs'))).isFile()).toBe(true);
  });

  it('copies nothing that the build does not have, and its program starts from what it copies', async () => {
    const docker = await readFile(path.join(root, 'Dockerfile'), 'utf8');
    const copies = [...docker.matchAll(/^COPY --from=build (.+) (\S+)$/gm)].map(([, from = '', to = '']) => ({
      files: from.split(' ').map((file) => path.relative('/app', file)),
      to: to.replace(/\/$/, ''),
    }));
    const folder = await testFolder();
    for (const { files, to } of copies)
      for (const file of files) {
        const isFolder = (await stat(path.join(root, file))).isDirectory();
        const place = path.join(folder, isFolder ? to : path.join(to, path.basename(file)));
        await mkdir(path.dirname(place), { recursive: true });
        await symlink(path.join(root, file), place);
      }
    const program = path.join(folder, 'src/cli/winnow.cjs');
    const options = ['--preserve-symlinks', '--preserve-symlinks-main'];
    const { stdout } = await promisify(execFile)(process.execPath, [...options, program, '--version']);
    expect(stdout).toBe(`${version}\n`);
  });
});
