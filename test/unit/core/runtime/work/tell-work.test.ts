import { expect, it, onTestFinished, vi } from 'vitest';
import { countJob, recordPhotosDone, takeWork } from '../../../../../src/core/runtime/work/work-metrics.ts';
import { tellWork } from '../../../../../src/core/cli/worker/worker.ts';

it('a worker logs once a minute what it did since the last line, and nothing if it did nothing', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  takeWork();
  const lines: unknown[] = [];
  const end = tellWork({ info: (line: unknown) => void lines.push(line) });
  recordPhotosDone('fetch', { source: 'flickr', outcome: 'fetched', reason: null, count: 5 });
  recordPhotosDone('fetch', { source: 'flickr', outcome: 'failed', reason: 'http-404', count: 2 });
  countJob('fetch', 14.96);
  countJob('fetch', 0.5, 'busy');
  expect(lines).toEqual([]);
  vi.advanceTimersByTime(60_000);
  vi.advanceTimersByTime(180_000);
  countJob('filter', 2);
  end();
  expect(lines).toEqual([
    {
      stage: 'fetch',
      jobs: 2,
      photos: { fetched: 5, failed: 2 },
      seconds: 15.5,
      failedJobs: 1,
      reasons: { 'http-404': 2, busy: 1 },
    },
    { stage: 'filter', jobs: 1, photos: {}, seconds: 2 },
  ]);
});
