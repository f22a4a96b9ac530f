import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { listRevisions, storeVerification } from '../../export/revisions/revision.repository.ts';
import { stateOfFolder } from '../../export/revisions/revision-file.process.ts';
import { storedVerification, type Verification } from '../../export/verify/findings.ts';
import { UsageError } from '../../kernel/errors.ts';
import { hasData } from '../../runtime/open/data-folder.process.ts';
import { VERIFY } from '../../library/options.ts';
import { verifyWith } from '../../library/verify.process.ts';
import { oneLine } from '../../kernel/printable.ts';
import { placeFlags, publishCommand, reportCommand } from '../../kernel/next-step.ts';
import { readExportedFolder } from '../../export/verify/exported-folder.process.ts';
import { linesText, plural, shellWord, writeResult, EXIT } from '../text/output.ts';
import { withSteps } from '../text/progress.ts';
import {
  addCommand,
  runCommand,
  withWorkspace,
  type CollectionContext,
  type CommandContext,
} from '../start/context.ts';
import type { FlagsOf } from '../start/flags.ts';

const HELP = `
Reads every file of the folder that winnow export made, compares what they say of each photo, and
recomputes the rule of the protocol with the models: each photo must be one that the filter keeps, for the
numbers that are recorded. It needs no network, no catalogue and no data folder, only the models.

It prints a line for each breach: the check, the file, what was expected and what is there. Checks that
cannot run, such as the rule if a model is not installed, are listed as skipped and are no breaches.
It also checks exports that earlier versions made. It does not compare their sentences.
With --collection it keeps the result of a revision in the catalogue, for the page of revisions.

Exit codes: 0 the export is what it claims to be, 1 there are breaches, 2 it is no export, 130 interrupted.

Examples:
  winnow verify exports/imagenet-a
  winnow verify exports/imagenet-a --sample 100   recomputes the rule for 100 photos, all else for all
  winnow verify exports/imagenet-a --json | jq '.breaches[]'
`;

export function addVerifyCommand(program: Command): void {
  addCommand(program, 'verify', 'Check that an exported folder is what it claims to be')
    .flags(VERIFY.shape)
    .argument('<dir>', 'the folder that winnow export made')
    .addHelpText('after', HELP)
    .run((flags, dir: string) => runCommand(flags, (context) => verify(dir, flags, context), { collection: 'named' }));
}

async function verify(dir: string, flags: FlagsOf<typeof VERIFY.shape>, context: CommandContext): Promise<number> {
  const { collection } = context;
  const result =
    collection === null
      ? await verifyWithProgress(dir, context, flags.sample)
      : await verifyRevision(dir, { ...context, collection }, flags.sample);
  await writeResult(
    flags,
    result,
    async () => verificationText(result) + (result.ok ? await nextCommands(dir, context) : ''),
  );
  return result.ok ? EXIT.done : EXIT.incomplete;
}

export function verifyWithProgress(
  dir: string,
  { loaded: { config }, log, signal }: CommandContext,
  sample?: number,
): Promise<Verification> {
  return withSteps((onProgress) => verifyWith({ config, log }, dir, { sample, signal, onProgress }));
}

/** Also keeps the result for the page of revisions. @throws UsageError `not-a-revision`, before the folder is read */
function verifyRevision(dir: string, context: CollectionContext, sample?: number): Promise<Verification> {
  return withWorkspace(context, { name: 'verify', access: 'use' }, async ({ app, scope, collection }) => {
    const folder = path.resolve(dir);
    const revision = (await listRevisions(app.db, scope)).findLast((one) => one.path === folder);
    if (revision === undefined || (await stateOfFolder(revision)) !== 'there')
      throw new UsageError(
        `The catalogue has no revision of '${collection.name}' in ${dir}. Leave out --collection to verify the folder without it`,
        { code: 'not-a-revision' },
      );
    const result = await verifyWithProgress(dir, context, sample);
    await storeVerification(app.db, scope, { ...revision, verified: storedVerification(result, new Date()) });
    return result;
  });
}

/** Empty if the data folder here does not have the collection. */
async function nextCommands(dir: string, { flags: { data }, loaded }: CommandContext): Promise<string> {
  const { name } = (await readExportedFolder(path.resolve(dir))).protocol.collection;
  const isHere = (await hasData(data)) && existsSync(path.join(data, 'shortlists', name));
  if (loaded.config.postgres.url === null && !isHere) return '';
  return `next: ${reportCommand(placeFlags(name), name)}\n      ${publishCommand(shellWord(dir))}\n`;
}

export function verificationText({ ok, photos, importedRows, checks, skipped, breaches }: Verification): string {
  const kinds = plural(checks, 'kind of check', 'kinds of checks');
  return linesText([
    ...breaches.map(({ check, file, detail }) => `${check}  ${oneLine(file)}: ${oneLine(detail)}`),
    ...skipped.map(({ check, reason }) => `skipped  ${check}: ${oneLine(reason)}`),
    importedRows > 0 &&
      `${plural(importedRows, 'row')} of imported evidence: compared with wider tolerances (0.02 a logit, 0.01 of p)`,
    ok
      ? `verified ${plural(photos, 'photo')}: ${kinds}, no breaches`
      : `not ok: ${plural(photos, 'photo')}, ${kinds}, ${plural(breaches.length, 'breach', 'breaches')}`,
  ]);
}
