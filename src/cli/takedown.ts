import { type Command, Option } from 'commander';
import { UsageError } from '../kernel/errors.ts';
import { isSha256 } from '../kernel/ids.ts';
import { takeDown, type TakedownTarget } from '../photo/takedown.repository.ts';
import { addGlobalFlags, runCommand, withApp, type GlobalFlags } from './context.ts';
import { plural, writeOut } from './output.ts';

interface TakedownFlags extends GlobalFlags {
  readonly sha256?: string;
  readonly url?: string;
  readonly sourceId?: string;
  readonly reason: string;
}

export function addTakedownCommand(program: Command): void {
  addGlobalFlags(
    program
      .command('takedown')
      .description('Remove a photo for good: its bytes go, a tombstone stays, no crawl brings it back'),
  )
    .addOption(new Option('--sha256 <hex>', 'the photo with these bytes'))
    .addOption(new Option('--url <url>', 'whatever was, or will be, found at this URL'))
    .addOption(new Option('--source-id <source:id>', 'the picture of that name at its source, e.g. flickr:12345'))
    .addOption(new Option('--reason <text>', 'why, for the record').makeOptionMandatory())
    .addHelpText(
      'after',
      "\nExample:\n  winnow takedown --source-id flickr:12345 --reason 'request of the photographer, 2026-11-20'\n",
    )
    .action(async (flags: TakedownFlags) => {
      await runCommand(flags, (context) => {
        const target = targetOf(flags);
        return withApp(context, 'takedown', async (app) => {
          const { photos, pictures } = await app.db.transaction().execute((trx) => takeDown(trx, target, flags.reason));
          for (const sha256 of photos) await app.blobs.remove(sha256);
          const text = `${plural(photos.length, 'photo')} removed, ${plural(pictures, 'picture')} marked as taken down; no crawl brings them back\n`;
          await writeOut(flags.json === true ? `${JSON.stringify({ photos, pictures })}\n` : text);
        });
      });
    });
}

function targetOf({ sha256, url, sourceId }: TakedownFlags): TakedownTarget {
  const given = [sha256, url, sourceId].filter((value) => value !== undefined);
  if (given.length !== 1) {
    throw new UsageError(`Expected one of --sha256, --url and --source-id but received ${given.length}`, {
      code: 'takedown-target',
    });
  }
  if (url !== undefined) return { url };
  if (sha256 !== undefined) {
    const hex = sha256.toLowerCase();
    if (isSha256(hex)) return { sha256: hex };
    throw new UsageError(`Expected 64 hex digits for --sha256 but received '${sha256}'`, { code: 'takedown-target' });
  }
  const [, source, id] = /^([^:]+):(.+)$/s.exec(sourceId ?? '') ?? [];
  if (source !== undefined && id !== undefined) return { source, sourceId: id };
  throw new UsageError(`Expected SOURCE:ID for --source-id but received '${sourceId}'`, { code: 'takedown-target' });
}
