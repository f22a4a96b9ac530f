import { execFile } from 'node:child_process';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { loadConfig } from '../../../src/core/config/load-config.ts';
import { EXIT } from '../../../src/core/cli/text/output.ts';
import { testFolder } from '../../support/test-app.ts';
import { repositoryRoot } from '../../support/winnow.ts';

const run = promisify(execFile);
const readUnit = () => readFile(path.join(repositoryRoot, 'config/deploy/winnow@.service'), 'utf8');

it('the systemd unit is one that systemd accepts, without a warning', async (context) => {
  const isInstalled = await run('systemd-analyze', ['--version']).then(
    () => true,
    () => false,
  );
  context.skip(!isInstalled, 'systemd-analyze is not on the PATH (Debian: systemd)');
  const folder = path.join(await testFolder(), 'units');
  await mkdir(folder);
  // systemd-analyze also looks for the program and the documents, which are elsewhere here.
  const unit = (await readUnit())
    .replace('ExecStart=/usr/bin/node', `ExecStart=${process.execPath}`)
    .replaceAll('/opt/winnow', repositoryRoot.replace(/\/$/, ''));
  await writeFile(path.join(folder, 'winnow@.service'), unit);
  await writeFile(path.join(folder, 'winnow@filter.service'), unit.replaceAll('%i', 'filter'));
  const { stdout, stderr } = await run('systemd-analyze', ['verify', path.join(folder, 'winnow@filter.service')]);
  const ofOurs = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('winnow@'));
  expect(ofOurs).toEqual([]);
});

it('the systemd unit starts programs of the build, and leaves them the time to drain', async () => {
  const unit = await readUnit();
  for (const name of ['discover', 'fetch', 'filter', 'server'])
    await access(path.join(repositoryRoot, 'workers', `${name}.ts`));
  expect(unit).toContain('ExecStart=/usr/bin/node dist/workers/%i.mjs ');
  const { config } = await loadConfig({ env: {} });
  const stopMs = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) * 1_000;
  expect(stopMs).toBeGreaterThanOrEqual(config.workers.drainTimeoutMs + 5_000);
  expect(unit).toMatch(new RegExp(`^RestartPreventExitStatus=${EXIT.usage}$`, 'm'));
  expect(unit).toMatch(new RegExp(`^SuccessExitStatus=${EXIT.interrupted}$`, 'm'));
  const docs = await readFile(path.join(repositoryRoot, 'docs/operating.md'), 'utf8');
  expect(docs).toContain('config/deploy/winnow@.service');
});
