import path from 'node:path';
import { type Command, Option } from 'commander';
import { contentOfCollection, forgetCollection, type CollectionContent } from '../../app/upkeep/forget-collection.ts';
import { listCollections } from '../../collection/collection.process.ts';
import { displayPath } from '../../config/root.ts';
import { countText, plural, writeOut } from '../output.ts';
import { addGlobalFlags, runCommand, withApp, type GlobalFlags } from '../start/context.ts';

interface ForgetFlags extends GlobalFlags {
  readonly yes?: boolean;
}

const HELP = `
For a collection that is not wanted any more, also if its file is gone: what it has kept or listed
keeps its bytes from winnow prune for as long as the data folder knows it. Its decisions, shortlist
and pauses go. Photos, where they were found and evidence stay, and so do its file and the files of
its shortlist; used again, it is decided anew from stored evidence. Without --yes nothing is changed.

Examples:
  winnow collection forget dragonflies
  winnow collection forget dragonflies --yes
`;

export function addCollectionForgetCommand(collection: Command): void {
  addGlobalFlags(
    collection.command('forget').description('Remove what the data folder has of a collection alone; photos stay'),
  )
    .argument('<name>', 'as it was called when it was used on the data folder')
    .addOption(new Option('--yes', 'do it; without, say what would go'))
    .addHelpText('after', HELP)
    .action((name: string, flags: ForgetFlags) =>
      runCommand(flags, (context) =>
        withApp(context, { name: 'collection', access: 'use' }, async ({ db, dataDir }) => {
          const isForgotten = flags.yes === true;
          const content = await (isForgotten ? forgetCollection : contentOfCollection)(db, name);
          const file = (await listCollections()).find((known) => known.name === name)?.file ?? null;
          const about = { name, isForgotten, file, folder: path.join(dataDir, 'shortlists', name) };
          await writeOut(
            flags.json === true
              ? `${JSON.stringify({ collection: name, forgotten: isForgotten, ...content, file })}\n`
              : forgetText(content, about),
          );
        }),
      ),
    );
}

interface About {
  readonly name: string;
  readonly isForgotten: boolean;
  /** Of the collection, if there is one still. */
  readonly file: string | null;
  readonly folder: string;
}

function forgetText(
  { decisions, kept, listed, pauses, claimedAt }: CollectionContent,
  { name, isForgotten, file, folder }: About,
): string {
  const parts = [
    `${plural(decisions, 'decision')} (${countText(kept)} kept)`,
    `${plural(listed, 'row')} of its shortlist`,
    ...(pauses > 0 ? [plural(pauses, 'pause')] : []),
  ];
  return [
    `${isForgotten ? 'forgot' : 'would forget'} ${name}, of ${claimedAt.toISOString().slice(0, 10)}: ${parts.join(', ')}`,
    `photos, evidence and what is in ${displayPath(folder)} stay${isForgotten ? '; winnow prune of a collection that has the same photos now asks the others alone' : ''}`,
    ...(file === null
      ? []
      : [`its file is there still (${displayPath(file)}): used again, it is decided anew from evidence`]),
    ...(isForgotten ? [] : ['nothing was changed: --yes forgets it']),
    '',
  ].join('\n');
}
