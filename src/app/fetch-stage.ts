import { countWaitingPictures, waitingPictureIds } from '../candidate/candidate.repository.ts';
import { fetchJob } from '../photo/fetch.job.ts';
import { fetchPage, type PictureBytes } from '../photo/fetch.process.ts';
import { inspectPhoto } from '../platform/image/inspect.ts';
import { readFolderPicture } from '../source/folder/read-picture.process.ts';
import type { App } from './app.ts';
import { startStage, type Stage, type StageOptions } from './stage.ts';

export interface FetchStageOptions extends StageOptions {
  readonly onOutcome: (outcome: 'fetched' | 'dropped' | 'failed') => void;
}

/** Fetches whatever pictures wait on this data folder. */
export function startFetch(app: App, options: FetchStageOptions): Promise<Stage> {
  const { maxPixels, minSidePixels, maxAspectRatio, maxBytes, connections } = app.config.fetch;
  const deps = {
    db: app.db,
    blobs: app.blobs,
    read: (picture: {
      readonly source: string;
      readonly sourceId: string;
      readonly url: string;
    }): Promise<PictureBytes> => readFolderPicture(picture, { maxBytes }),
    inspect: inspectPhoto,
    limits: { maxPixels, minSidePixels, maxAspectRatio: maxAspectRatio ?? Number.POSITIVE_INFINITY },
    connections,
    shouldStop: () => options.signal.aborted,
    onOutcome: options.onOutcome,
  };
  return startStage(
    app,
    {
      name: 'fetch',
      job: fetchJob,
      concurrency: 1,
      handle: (payload) => fetchPage(payload, deps),
      leftIds: (after, limit) => waitingPictureIds(app.db, after, limit),
      countLeft: () => countWaitingPictures(app.db),
    },
    options,
  );
}
