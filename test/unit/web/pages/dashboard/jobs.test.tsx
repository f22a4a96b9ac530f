import { renderToStaticMarkup } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import { FailedJobs, FinishedJobs } from '../../../../../src/web/pages/dashboard/jobs.tsx';
import type { Overview } from '../../../../../src/web/pages/dashboard/overview.ts';

const job: Overview['jobs'][number] = {
  id: 1,
  at: '2026-11-20T10:00:00.000Z',
  collection: 'demo',
  stage: 'fetch',
  state: 'failed',
  source: null,
  wnid: null,
  host: 'photos.example:443',
  page: null,
  photos: 2,
  seconds: 15.04,
  reason: 'the disk is <full>',
  worker: 'lab3, process 7',
};

describe('the section of jobs on the dashboard', () => {
  it('shows where a job failed, why, and which worker ran it', () => {
    const html = renderToStaticMarkup(<FailedJobs jobs={[job]} />);
    for (const text of [
      'Last failed jobs',
      'fetch photos.example:443',
      '15.0',
      'the disk is &lt;full',
      'lab3, process 7',
    ])
      expect(html).toContain(text);
    expect(renderToStaticMarkup(<FinishedJobs jobs={[job]} />)).not.toContain('Last finished jobs');
  });

  it('shows the page of a finished job, names files, and leads to the queues', () => {
    const finished = { ...job, state: 'finished', host: null, reason: null } as const;
    const html = renderToStaticMarkup(
      <FinishedJobs
        jobs={[
          { ...finished, stage: 'discover', source: 'flickr', wnid: 'n02268443', page: 4 },
          { ...finished, id: 2, host: '' },
        ]}
      />,
    );
    for (const text of ['discover flickr n02268443 page 4', 'fetch files', 'href="/queues"'])
      expect(html).toContain(text);
  });
});
