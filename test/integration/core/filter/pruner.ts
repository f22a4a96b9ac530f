import process from 'node:process';
import { pruneRange } from '../../../../src/core/filter/prune/prune.process.ts';
import { openDatabase } from '../../../../src/core/platform/postgres/open-database.ts';

/** Prunes all photos of a collection, and is killed when it is about to delete the first bytes. */
const [url = '', collectionId = '', decisionSha256 = ''] = process.argv.slice(2);
const db = await openDatabase({ url, applicationName: 'pruner', poolSize: 1, onConnectionLost: () => undefined });
await pruneRange(
  { from: 0, before: 1_000 },
  {
    db,
    scope: { collectionId: Number(collectionId), decisionSha256, wnids: ['n01', 'n02', 'n03'], licences: 'any' },
    remove: () => {
      process.kill(process.pid, 'SIGKILL');
      return new Promise(() => undefined);
    },
    sizeOf: () => Promise.resolve(null),
  },
);
