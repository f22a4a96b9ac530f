import type { Command } from 'commander';
import pLimit from 'p-limit';
import { recorded } from '../../runtime/activity/activity.repository.ts';
import { localActor } from '../../runtime/activity/local-actor.process.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { removeCached } from '../../photo/photo-cache.process.ts';
import { requireStore } from '../../photo/lost-bytes.process.ts';
import { hideSecret } from '../../tools/quote.ts';
import { displayPath } from '../../config/root.ts';
import { revisionsWith, type AffectedRevision } from '../../export/revisions/revision.repository.ts';
import { shortId } from '../../export/revisions/revision-id.ts';
import { messageOf, StopTheRun, UsageError } from '../../kernel/errors.ts';
import { isSha256, type Sha256 } from '../../kernel/ids.ts';
import { listTakedowns, takeDown, type TakedownResult, type TakedownTarget } from '../../photo/takedown.repository.ts';
import { pictureAddress } from '../../crawl/sources/picture-address.ts';
import { linesText, plural, shellWord, writeResult } from '../text/output.ts';
import { addPlainCommand, runCommand, withApp } from '../start/context.ts';
import { neededText, optionalText, type FlagsOf } from '../start/flags.ts';

const REMOVALS_AT_ONCE = 8;

const TAKEDOWN = {
  sha256: optionalText('hex', 'the photo with these bytes, or whose exported file has them'),
  url: optionalText('url', 'any picture that was, or will be, found at this URL'),
  sourceId: optionalText('source:id', 'the picture with this id at its source, e.g. flickr:12345'),
  reason: neededText('text', 'the reason, which is stored with the tombstone'),
};

type TakedownFlags = FlagsOf<typeof TAKEDOWN>;

export function addTakedownCommand(program: Command): void {
  addPlainCommand(
    program,
    'takedown',
    'Remove a photo permanently: its bytes are deleted, and a tombstone stops crawls from fetching it again',
  )
    .flags(TAKEDOWN)
    .addHelpText(
      'after',
      "\nExample:\n  winnow takedown --source-id flickr:12345 --reason 'request of the photographer, 2026-11-20'\n",
    )
    .run(async (flags) => {
      await runCommand(flags, (context) => {
        const target = targetOf(flags);
        return withApp(context, { name: 'takedown', access: 'use' }, async (app) => {
          const reason = reasonOf(flags);
          const detail = { target: namedIn(flags), reason };
          const doing = { ...localActor(), action: 'takedown', detail, resultOf: countsOf } as const;
          const result = await recorded(app.db, doing, () => removePhotos(app, target, reason));
          const revisions = await revisionsWith(app.db, result.photos);
          await writeResult(flags, { ...result, revisions }, () => takedownText({ ...result, revisions }));
        });
      });
    });
}

/** Also removes the bytes of earlier takedowns, because a command may have ended before it removed them. */
async function removePhotos(app: App, target: TakedownTarget, reason: string): Promise<TakedownResult> {
  await requireStore(app);
  const result = await takeDown(app.db, target, reason);
  const hashes = (await listTakedowns(app.db)).flatMap(({ sha256 }) => sha256 ?? []);
  const removals = await pLimit(REMOVALS_AT_ONCE).map([...new Set(hashes)], (sha256) => removalFailure(app, sha256));
  const failures = removals.filter((failure) => failure !== null);
  if (failures.length === 0) return result;
  throw new StopTheRun(
    `${plural(result.photos.length, 'photo')} left the catalogue, but the bytes of ${failures.length} are still there, because the store said: ${messageOf(failures[0])}. Run the command again: it removes them.`,
    { code: 'takedown-incomplete', cause: failures[0] },
  );
}

async function removalFailure(app: App, sha256: Sha256): Promise<unknown> {
  try {
    await app.blobs.remove(sha256);
    await removeCached(app.dataDir, sha256);
    return null;
  } catch (error) {
    return error;
  }
}

function namedIn({ sha256, url, sourceId }: TakedownFlags): string {
  return sha256 ?? sourceId ?? hideSecret(url ?? '', 'url-passwords');
}

function countsOf({ photos, pictures }: TakedownResult): { photos: number; pictures: number } {
  return { photos: photos.length, pictures };
}

type Result = TakedownResult & { readonly revisions: readonly AffectedRevision[] };

function takedownText({ photos, pictures, collections, reports, revisions }: Result): string {
  const done = `${plural(photos.length, 'photo')} removed, ${plural(pictures, 'picture')} marked as taken down; no crawl fetches them again`;
  return linesText([
    pictures === 0 ? 'this data folder has nothing of it; if a crawl finds it, it is refused' : done,
    ...collections.map(
      (name) =>
        `the files of the shortlist of ${name} still show it: winnow shortlist --collection ${shellWord(name)} rewrites them`,
    ),
    ...reports.map(
      (name) =>
        `the report of ${name} is removed, because it is of this photo: winnow report --collection ${shellWord(name)} --out DIR makes it again; delete the folders of old ones`,
    ),
    photos.length > 0 &&
      'backups still have it: winnow backup removes it from the folder that it writes to, and winnow backup apply-takedowns from others',
    ...revisions.map(
      ({ collection, id, path }) =>
        `revision ${shortId(id)} of ${collection} has it (${displayPath(path)}): export and publish again, and delete that folder`,
    ),
  ]);
}

function reasonOf({ reason }: TakedownFlags): string {
  if (reason.trim() !== '') return reason.trim();
  throw new UsageError(`--reason is empty: '${reason}'. Say why the photo is taken down`, { code: 'takedown-reason' });
}

function targetOf({ sha256, url, sourceId }: TakedownFlags): TakedownTarget {
  const given = [sha256, url, sourceId].filter((value) => value !== undefined);
  if (given.length !== 1)
    throw wrongTarget(`Give exactly one of --sha256, --url and --source-id; ${given.length} were given`);
  if (url !== undefined) return { urls: spellingsOf(url) };
  if (sha256 !== undefined) {
    const hex = sha256.toLowerCase();
    if (isSha256(hex)) return { sha256: hex };
    throw wrongTarget(`Expected 64 hex digits for --sha256 but received '${sha256}'`);
  }
  const [, source, id] = /^([^:]+):(.+)$/s.exec(sourceId ?? '') ?? [];
  if (source !== undefined && id !== undefined) return { source, sourceId: id };
  throw wrongTarget(`Expected SOURCE:ID for --source-id but received '${sourceId}'`);
}

function wrongTarget(message: string): UsageError {
  return new UsageError(message, { code: 'takedown-target' });
}

/** The URL as given and as a crawl stores it, because these may be spelled differently. */
function spellingsOf(url: string): readonly string[] {
  const address = pictureAddress(url);
  if (address.problem === null) return [...new Set([url.trim(), address.url])];
  // Pictures of a folder have a file URL.
  if (url.startsWith('file:///')) return [url];
  throw wrongTarget(`Expected the URL of a picture for --url: ${address.problem.detail}`);
}
