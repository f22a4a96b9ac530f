import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { suiteFolder } from '../support/process-tree.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { repositoryRoot, startWinnow, winnow } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();

it('a filter lets ONNX Runtime record nothing in the home of its user and nothing in the folder for temporary files', async () => {
  const place = ['--collection', 'demo', '--data', folder.at('data')];
  const photos = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');
  expect((await winnow(['crawl', ...place, '--from', photos, '--limit', '1', '--class', 'goldfish'])).code).toBe(0);
  const [home, temporary] = [folder.at('home'), folder.at('temporary')];
  await mkdir(home);
  await mkdir(temporary);
  // With CI set, ONNX Runtime records nothing anyway.
  const env = { HOME: home, XDG_CACHE_HOME: '', TMPDIR: temporary, CI: '', ORT_DISABLE_TELEMETRY: '0' };
  const { code, stdout } = await startWinnow(['filter', ...place, '--json'], { env }).result;
  expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ work: expect.anything() })]);
  expect(await readdir(home, { recursive: true })).toEqual([]);
  expect(await readdir(temporary)).toEqual([]);
});
