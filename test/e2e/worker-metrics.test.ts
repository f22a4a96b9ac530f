import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { jsonLines, startWorker, winnow, withFolder } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const FLAGS = ['--collection', 'demo', '--data', 'data'];

it('a worker serves its counters to Prometheus, logs its work, and leaves its jobs in the history', async () => {
  await withFolder(async (cwd) => {
    const samples = new URL('../fixtures/samples', import.meta.url).pathname;
    const crawl = await winnow(
      ['crawl', ...FLAGS, '--source', 'folder', '--from', samples, '--class', 'n01440764,n01443537,n01498041'],
      { cwd },
    );
    expect(crawl).toMatchObject({ code: 0 });
    const blobs = await readdir(path.join(cwd, 'data', 'blobs'), { recursive: true, withFileTypes: true });
    const lost = blobs.find((entry) => entry.isFile());
    await rm(path.join(lost?.parentPath ?? '', lost?.name ?? ''));
    const worker = startWorker('filter', [...FLAGS, '--set', 'workers.metricsPort=0'], { cwd });
    let logged = '';
    worker.child.stderr?.on('data', (text: string) => (logged += text));
    const url = (): string => `http://127.0.0.1:${/"port":(\d+)/.exec(logged)?.[1] ?? ''}`;
    await until(async () => url() !== 'http://127.0.0.1:');
    const metrics = async (): Promise<string> => (await fetch(`${url()}/metrics`)).text();
    const jobs = /^winnow_job_seconds_count\{stage="filter"\} [1-9]/m;
    const dropped = /^winnow_photos_total\{stage="filter",source="any",outcome="dropped"\} ([1-9]\d*)$/m;
    await until(async () => dropped.test(await metrics()) && jobs.test(await metrics()), 240_000);
    expect(await metrics()).toContain('process_resident_memory_bytes');
    await until(async () => /^winnow_lost_bytes_total [1-9]/m.test(await metrics()));
    expect(await metrics()).toMatch(/^winnow_disk_free_bytes [1-9]/m);
    expect((await fetch(`${url()}/`)).status).toBe(404);
    worker.killGroup('SIGTERM');
    const { code, stderr } = await worker.result;
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/"stage":"filter","jobs":\d+,"photos":\{.*"dropped":\d+/),
    ]);
    const { stdout } = await winnow(['jobs', ...FLAGS, '--stage', 'filter', '--json'], { cwd });
    expect(jsonLines(stdout)).toContainEqual(
      expect.objectContaining({ collection: 'demo', stage: 'filter', state: 'failed', page: expect.any(Number) }),
    );
    const fetched = await winnow(['jobs', ...FLAGS, '--stage', 'fetch'], { cwd });
    expect(fetched.stdout).toMatch(/fetch +finished +files/);
  });
});
