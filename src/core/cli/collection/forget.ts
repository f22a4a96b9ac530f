import path from 'node:path';
import type { Command } from 'commander';
import { recorded } from '../../runtime/activity/activity.repository.ts';
import { localActor } from '../../runtime/activity/local-actor.process.ts';
import {
  contentOfCollection,
  forgetCollection,
  type CollectionContent,
} from '../../operate/upkeep/forget-collection.repository.ts';
import { listCollections } from '../../collection/collection.process.ts';
import { displayPath } from '../../config/root.ts';
import type { ActivityDetail } from '../../kernel/activity.ts';
import { countText, linesText, nonEmpty, plural, writeResult } from '../text/output.ts';
import { addPlainCommand, runOnData } from '../start/context.ts';
import { either } from '../start/flags.ts';

const HELP = `
Use this for a collection that you no longer need, even if its file is gone. As long as the data folder
knows the collection, winnow prune keeps the bytes of what it has kept or listed. This command removes its
decisions, its shortlist and its pauses; with --with-reviews also what reviewers said, which nothing can
make again. It leaves photos, where they were found, evidence, the collection's file and the files of its
shortlist. If you use the collection again, it is decided again from stored
evidence. Without --yes nothing is changed.

Examples:
  winnow collection forget dragonflies
  winnow collection forget dragonflies --yes
`;

export function addCollectionForgetCommand(collection: Command): void {
  addPlainCommand(collection, 'forget', 'Remove what the data folder stores for this collection only; photos stay')
    .argument('<name>', 'the name under which it was used with this data folder')
    .flags({
      yes: either(false, 'remove it; without this flag, only say what would be removed'),
      withReviews: either(false, 'remove its reviews, too; without this flag, a collection with reviews stays'),
    })
    .addHelpText('after', HELP)
    .run((flags, name: string) =>
      runOnData(flags, { name: 'collection', access: 'use' }, async ({ db, dataDir }) => {
        const { yes: forgotten, withReviews } = flags;
        const content = forgotten
          ? await recorded(db, { ...localActor(), action: 'forget-collection', collection: name, resultOf }, () =>
              forgetCollection(db, name, withReviews),
            )
          : await contentOfCollection(db, name);
        const file = (await listCollections()).find((known) => known.name === name)?.file ?? null;
        const result = { collection: name, forgotten, ...content, file };
        await writeResult(flags, result, () => forgetText(result, path.join(dataDir, 'shortlists', name)));
      }),
    );
}

function resultOf({ decisions, kept, listed, pauses, reviews }: CollectionContent): ActivityDetail {
  return { decisions, kept, listed, pauses, reviews };
}

interface Forgotten extends CollectionContent {
  readonly collection: string;
  readonly forgotten: boolean;
  readonly file: string | null;
}

function forgetText({ collection, forgotten, file, ...content }: Forgotten, folder: string): string {
  const { decisions, kept, listed, pauses, reviews, claimedAt } = content;
  const parts = nonEmpty([
    `${plural(decisions, 'decision')} (${countText(kept)} kept)`,
    `${plural(listed, 'row')} of its shortlist`,
    pauses > 0 && plural(pauses, 'pause'),
    reviews > 0 && `${plural(reviews, 'action')} of reviewers`,
  ]);
  return linesText([
    `${forgotten ? 'forgot' : 'would forget'} ${collection}, of ${claimedAt.toISOString().slice(0, 10)}: ${parts.join(', ')}`,
    `photos, evidence and what is in ${displayPath(folder)} stay${forgotten ? '; winnow prune of a collection that has the same photos now asks the others alone' : ''}`,
    file !== null &&
      `its file still exists (${displayPath(file)}): if you use it again, it is decided again from evidence`,
    !forgotten && 'nothing was changed: add --yes to forget it',
  ]);
}
