import { access } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { removeModel, type Removal } from '../../models/library/remove.process.ts';
import { displayPath } from '../../config/root.ts';
import { plural, writeResult } from '../text/output.ts';
import { addPlainCommand, runCommand, withApp, type CommandContext } from '../start/context.ts';
import { either } from '../start/flags.ts';

const HELP = `
Models that come with winnow cannot be removed. Of a downloaded model only the file is removed. An invalid card (\`broken
card\` in the list) is removed too. Evidence stays in the data folder. Its key is the sha256 of the file, so it counts again if
the same file is added again.

Examples:
  winnow models remove birds
  winnow models remove birds --force      # even if a collection names it
`;

export function addModelsRemoveCommand(models: Command): void {
  addPlainCommand(models, 'remove', 'Remove an added model, or the downloaded file of a model')
    .argument('<name>', 'a model of `winnow models list`')
    .flags({ force: either(false, 'remove it even if a collection names it or the data folder has evidence from it') })
    .addHelpText('after', HELP)
    .run((flags, name: string) =>
      runCommand(flags, async (context) => {
        const { force } = flags;
        // Opening a data folder would create it, so open it only if it exists.
        const removal = (await hasCatalogue(context))
          ? await withApp(context, { name: 'models', access: 'use' }, ({ db }) => removeModel(name, { force, db }))
          : await removeModel(name, { force, db: null });
        await writeResult(flags, removal, () => textOf(removal, context));
      }),
    );
}

async function hasCatalogue({ flags, loaded }: CommandContext): Promise<boolean> {
  if (loaded.config.postgres.url !== null) return true;
  return access(path.join(flags.data, 'postgres')).then(
    () => true,
    () => false,
  );
}

function textOf({ name, removed, uses, evidenceCrops, problem }: Removal, { flags }: CommandContext): string {
  const evidence =
    evidenceCrops === null
      ? `no data folder at '${flags.data}' exists, so no evidence was looked for`
      : evidenceCrops === 0
        ? 'the data folder has no evidence from it'
        : `the evidence of ${plural(evidenceCrops, 'crop')} stays in the data folder and counts again if the same file is added`;
  return [
    ...removed.map((file) => `removed ${displayPath(file)}`),
    ...(problem === null ? [] : [`its card was not valid: ${problem}`]),
    ...uses.map((use) => `note: ${use}`),
    `'${name}': ${evidence}\n`,
  ].join('\n');
}
