import path from 'node:path';
import type { Command } from 'commander';
import { recorded } from '../../core/runtime/activity/activity.repository.ts';
import { localActor } from '../../core/runtime/activity/local-actor.process.ts';
import { dryRunUnasked, publishFolder, type PublishProgress, type PublishResult } from '../publish/publish.process.ts';
import { hasData } from '../../core/runtime/open/data-folder.process.ts';
import { readEnvironment, silenceS3Client } from '../../core/config/env.ts';
import { readExportedFolder, type ExportedFolder } from '../../core/export/verify/exported-folder.process.ts';
import { parseTarget, type PublishTarget } from '../publish/publish-target.ts';
import { shortId } from '../../core/export/revisions/revision-id.ts';
import { UsageError } from '../../core/kernel/errors.ts';
import type { Destination } from '../../core/kernel/publish.ts';
import { bytesText, linesText, plural, writeOut, writeResult } from '../../core/cli/text/output.ts';
import { withSteps } from '../../core/cli/text/progress.ts';
import { addPlainCommand, runCommand, withApp, type CommandContext } from '../../core/cli/start/context.ts';
import { either, neededText, type FlagsOf } from '../../core/cli/start/flags.ts';

const PUBLISH = {
  to: neededText('place', 'hf:OWNER/NAME or s3://BUCKET/PREFIX'),
  dryRun: either(false, 'list what would be uploaded and deleted, and change nothing'),
  public: either(false, 'hf: everybody may see a dataset that is made (by default it is private)'),
  forgetHistory: either(false, 'hf: afterwards replace the history of the dataset by one commit'),
  replace: either(false, 'replace what is there, although it is the set of another collection'),
};

type PublishFlags = FlagsOf<typeof PUBLISH>;

const HELP = `
Uploads a folder that winnow export made. It needs no catalogue: protocol.json and SHA256SUMS say what is
in the folder, and every file is checked before it is sent. Files that are there with the same content are
not sent again, so an interrupted publish goes on where it stopped. README.md, SHA256SUMS and protocol.json
come last. Files of an earlier revision that this one does not have are deleted there. If the data folder
has a catalogue, winnow activity lists the upload. A place that has the set of another collection is refused.

hf:OWNER/NAME is a dataset on the Hugging Face Hub. It is made, private, if there is none. The token is read
from HF_TOKEN and stored nowhere; without it --dry-run asks the Hub nothing and lists all files.
HF_ENDPOINT names another Hub. Its git history keeps deleted files: --forget-history replaces it by one
commit.
s3://BUCKET/PREFIX uses the settings blobs.endpoint, blobs.region, blobs.pathStyle, and the AWS variables.

Exit codes: 0 done, 1 it was refused or failed, 2 wrong usage, 130 interrupted (run it again to go on).

Examples:
  winnow publish exports/v1 --to hf:my-lab/hard-birds --dry-run
  HF_TOKEN=hf_... winnow publish exports/v1 --to hf:my-lab/hard-birds --public
  winnow publish exports/v1 --to s3://my-bucket/hard-birds
`;

export function addPublishCommand(program: Command): void {
  addPlainCommand(program, 'publish', 'Upload an exported folder to the Hugging Face Hub or to a bucket')
    .argument('<dir>', 'the folder that winnow export made')
    .flags(PUBLISH)
    .addHelpText('after', HELP)
    .run((flags, dir: string) => runCommand(flags, (context) => publish(path.resolve(dir), flags, context)));
}

async function publish(root: string, flags: PublishFlags, context: CommandContext): Promise<void> {
  const { to, dryRun, forgetHistory, replace } = flags;
  const target = parseTarget(to);
  if (dryRun && target.kind === 'hub' && readEnvironment()['HF_TOKEN'] === undefined) {
    const url = `${hubUrlOf()}/datasets/${target.name}`;
    const exported = await readExportedFolder(root);
    return writePublished(dryRunUnasked(exported, { to, url }), { target, exported, flags });
  }
  const open = target.kind === 'hub' ? hubOpener(target.name, flags) : bucketOpener(target, flags);
  const exported = await readExportedFolder(root);
  const destination = await open(exported, context);
  const { signal } = context;
  const upload = (): Promise<PublishResult> =>
    withSteps((onStep) => {
      const onProgress = (progress: PublishProgress): void => {
        if (progress.total > 0) onStep({ what: 'publish', ...progress });
      };
      const options = { to, root, dryRun, forgetHistory, replace, signal, onProgress };
      return publishFolder(exported, destination, options);
    });
  const result = dryRun ? await upload() : await recordedUpload({ exported, to }, context, upload);
  await writePublished(result, { target, exported, flags });
}

async function writePublished(result: PublishResult, published: Published): Promise<void> {
  const { flags } = published;
  if (flags.json !== true)
    for (const { action, path: file, bytes } of result.changes ?? [])
      await writeOut(`${action}  ${file}  ${bytesText(bytes)}\n`);
  await writeResult(flags, result, () => resultText(result, published));
}

/** Records the upload in the catalogue, if there is one: publishing needs none. */
async function recordedUpload(
  { exported: { protocol }, to }: { readonly exported: ExportedFolder; readonly to: string },
  context: CommandContext,
  upload: () => Promise<PublishResult>,
): Promise<PublishResult> {
  const hasCatalogue = context.loaded.config.postgres.url !== null || (await hasData(context.flags.data));
  if (!hasCatalogue) return upload();
  const doing = {
    ...localActor(),
    action: 'publish',
    collection: protocol.collection.name,
    detail: { to, revision: shortId(protocol.id) },
    resultOf: ({ url, uploaded, deleted }: PublishResult) => ({ url, uploaded: uploaded.files, deleted }),
  } as const;
  return withApp(context, { name: 'publish', access: 'use' }, (app) => recorded(app.db, doing, upload));
}

type Opener = (exported: ExportedFolder, context: CommandContext) => Promise<Destination>;

const HUB_URL = 'https://huggingface.co';

/** @throws UsageError `hub-endpoint` */
function hubUrlOf(): string {
  const url = URL.parse(readEnvironment()['HF_ENDPOINT'] ?? HUB_URL);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '') return url.href.replace(/\/+$/, '');
  throw new UsageError('Expected an http or https URL without a user in the environment variable HF_ENDPOINT.', {
    code: 'hub-endpoint',
  });
}

/** @throws UsageError `hub-token`, `hub-endpoint` before any work */
function hubOpener(name: string, { public: isPublic }: PublishFlags): Opener {
  const { HF_TOKEN: token } = readEnvironment();
  if (token === undefined)
    throw new UsageError(
      'The environment variable HF_TOKEN is not set. Set it to a token that may write (https://huggingface.co/settings/tokens).',
      { code: 'hub-token' },
    );
  // The value is not quoted, because it is a secret even if it is a wrong one.
  if (!/^hf_\w+$/.test(token.trim()))
    throw new UsageError('The environment variable HF_TOKEN has no token of the Hub: these begin with hf_.', {
      code: 'hub-token',
    });
  const hubUrl = hubUrlOf();
  return async ({ protocol }, { signal }) => {
    const { openHub } = await import('../publish/hub.process.ts');
    const title = `Publish revision ${shortId(protocol.id)} of ${protocol.collection.name} (winnow ${protocol.winnow})`;
    return openHub({ hubUrl, name, token: token.trim(), isPublic, title, signal });
  };
}

function bucketOpener(
  { url }: Extract<PublishTarget, { readonly kind: 's3' }>,
  { public: isPublic, forgetHistory }: PublishFlags,
): Opener {
  if (isPublic || forgetHistory)
    throw new UsageError(
      isPublic
        ? '--public is for hf: only. The policy of the bucket says who may read it.'
        : '--forget-history is for hf: only. Objects of a bucket are deleted with all their versions.',
      { code: 'publish-options' },
    );
  return async (_, { loaded, signal }) => {
    silenceS3Client();
    const { blobPlaceOf } = await import('../../core/platform/blobs/blob-place.ts');
    const { openBucket } = await import('../publish/bucket.process.ts');
    const place = blobPlaceOf({ ...loaded.config.blobs, url }, '');
    if (place.kind !== 's3') throw new TypeError(`Expected a bucket but received '${url}'`);
    return openBucket(place, { signal });
  };
}

interface Published {
  readonly target: PublishTarget;
  readonly exported: ExportedFolder;
  readonly flags: PublishFlags;
}

function resultText(result: PublishResult, { target, exported, flags }: Published): string {
  const { uploaded, unchanged, deleted, leftAlone, url, visibility, dryRun } = result;
  const would = dryRun ? 'would be ' : '';
  const { id, collection } = exported.protocol;
  const isHub = target.kind === 'hub';
  return linesText([
    `${plural(uploaded.files, 'file')} ${would}uploaded (${bytesText(uploaded.bytes)}), ${unchanged} unchanged, ${deleted} ${would}deleted`,
    leftAlone > 0 &&
      `${plural(leftAlone, 'file')} of another revision left: no protocol.json of winnow was there, so they may not be winnow's. Publish again to delete them.`,
    unaskedText(result),
    `${dryRun ? 'place:   ' : `revision ${shortId(id)} of ${collection.name}: `}${url}${visibilityText(result, flags)}`,
    isHub &&
      visibility === 'private' &&
      flags.public &&
      !dryRun &&
      `The dataset was private and stays so. Its settings make it public: ${url}/settings`,
    isHub &&
      deleted > 0 &&
      !dryRun &&
      (result.historyForgotten
        ? `The history is one commit now. The Hub may keep stored copies of deleted files: ${url}/settings lists them.`
        : `The Hub's git history still has the deleted files. --forget-history replaces the history by one commit.`),
  ]);
}

function unaskedText({ compared }: PublishResult): string | false {
  return !compared && 'HF_TOKEN is not set, so the Hub was not asked what it has: these are all files of the export.';
}

function visibilityText(
  { visibility, dryRun, compared }: PublishResult,
  { to, public: isPublic }: PublishFlags,
): string {
  if (visibility !== null) return ` (${visibility})`;
  return dryRun && compared && to.startsWith('hf:') ? ` (would be made, ${isPublic ? 'public' : 'private'})` : '';
}
