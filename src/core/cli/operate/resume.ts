import type { Command } from 'commander';
import { queuesOf } from '../../operate/upkeep/collection-queues.ts';
import { NETWORK_SOURCES } from '../../config/sources/sources.ts';
import { countToDecide } from '../../filter/run/photo-tally.repository.ts';
import { refetchLostBytes } from '../../photo/lost-bytes.process.ts';
import { countWaitingPictures } from '../../crawl/candidates/fetch-queue.repository.ts';
import { ALL } from '../../platform/postgres/query.ts';
import { openQueries, ownSources } from '../../crawl/candidates/query.repository.ts';
import { readPauses } from '../../collection/pause.repository.ts';
import { candidateWnids } from '../../models/workspace/scope.ts';
import { Interrupted } from '../../kernel/errors.ts';
import { countText, writeResult } from '../text/output.ts';
import { pausesLine } from './pause.ts';
import { addCommand, runOnCollection } from '../start/context.ts';
import { either } from '../start/flags.ts';

export function addResumeCommand(program: Command): void {
  addCommand(program, 'resume', 'Rebuild the queues from the catalogue, and have lost bytes fetched again')
    .addHelpText(
      'after',
      '\nUse this if a queue was lost or is stuck, or if files of the data folder were lost. crawl, filter and run then continue.\nEvery stored photo is read and hashed: bytes that are missing, wrong or unreadable count as lost.\nTo end a pause, use `winnow unpause`.\n',
    )
    .flags({ allLost: either(false, 'go on although no photo has its bytes, and have all fetched again') })
    .run(async (flags) => {
      await runOnCollection(flags, { name: 'resume', access: 'use' }, async (workspace, { signal }) => {
        const { app, scope } = workspace;
        const wnids = candidateWnids(scope);
        const { lost, of, named } = await refetchLostBytes(app, { signal, allLost: flags.allLost });
        const own = await ownSources(app.db);
        for (const job of queuesOf(scope.collectionId, own)) await (await app.openQueue(job)).clear();
        if (signal.aborted) throw new Interrupted();
        for (const { sha256, detail } of named) app.log.warn({ sha256, reason: detail }, 'a photo has lost its bytes');
        const queries = await Promise.all(
          [...NETWORK_SOURCES, ...own].map((source) =>
            openQueries(app.db, { ...scope, source, wnids, limitPerClass: null }),
          ),
        );
        const left = {
          lostBytes: lost,
          queries: queries.reduce((total, { count }) => total + count, 0),
          toFetch: await countWaitingPictures(app.db, { ...scope, sources: ALL, wnids }),
          toDecide: (await countToDecide(app.db, scope, app.log)).withBytes,
        };
        const lostText =
          lost === 0
            ? ''
            : `${countText(lost)} of ${countText(of)} photos had lost their bytes: crawl fetches them again (for a folder: crawl --from)\n`;
        const text = `${lostText}left: ${countText(left.queries)} queries open, ${countText(left.toFetch)} pictures to fetch, ${countText(left.toDecide)} photos to decide; crawl, filter or run continue with them\n`;
        // A user who wants to end a pause may have run this command.
        const paused = pausesLine(await readPauses(app.db, scope.collectionId));
        await writeResult(flags, left, () => `${text}${paused}`);
      });
    });
}
