import type { Command } from 'commander';
import { checkCollection, listCollections } from '../collection/collection.process.ts';
import type { Collection } from '../collection/collection.ts';
import { displayPath } from '../config/root.ts';
import { addCollectionForgetCommand } from './collection-forget.ts';
import { addCollectionInitCommand } from './collection-init.ts';
import { addGlobalFlags, runCommand, type GlobalFlags } from './context.ts';
import { EXIT } from './exit.ts';
import { plural, tableText, writeOut } from './output.ts';

export function addCollectionCommand(program: Command): void {
  const collection = program
    .command('collection')
    .description('Collections: class set, sources, ensemble and thresholds in one YAML file each');
  addCollectionInitCommand(collection);
  addGlobalFlags(
    collection.command('check').description('Everything that is wrong with a collection, and everything it names'),
  )
    .argument('<name or path>', 'a name under config/collections, or the path of a file')
    .action((name: string, flags: GlobalFlags) => runCommand(flags, () => check(name, flags.json === true)));
  addGlobalFlags(collection.command('list').description('The collections that commands find by name')).action(
    (flags: GlobalFlags) => runCommand(flags, () => list(flags.json === true)),
  );
  addCollectionForgetCommand(collection);
}

async function check(nameOrPath: string, json: boolean): Promise<number> {
  const { file, collection, problems, warnings } = await checkCollection(nameOrPath);
  if (json) {
    const said = { file, ok: problems.length === 0, problems, warnings };
    await writeOut(`${JSON.stringify({ ...said, ...(collection === null ? {} : contentOf(collection)) })}\n`);
    return problems.length === 0 ? EXIT.done : EXIT.usage;
  }
  for (const problem of problems) await writeOut(`problem: ${problem}\n`);
  for (const warning of warnings) await writeOut(`warning: ${warning}\n`);
  if (collection === null) return EXIT.usage;
  const { name, mode, classes, subjects, ensemble, sources, policy } = collection;
  const rules =
    mode === 'A'
      ? `threshold ${policy.threshold}, aggregation ${policy.aggregation}, members ${policy.members}`
      : `minimum confidence ${policy.minConfidence} over all classes of the model, concepts ${subjects.ids === null ? 'any' : subjects.ids.length}`;
  await writeOut(
    `${name}: mode ${mode}, ${plural(classes.wnids.length, 'class', 'classes')} (list sha256 ${classes.sha256.slice(0, 16)}), sources ${sources.join(', ')}\n` +
      `ensemble ${ensemble.join(', ')}; ${rules}, cap ${policy.cap}, near-duplicate distance ${policy.nearDuplicateDistance}${policy.nearDuplicateCosine === null ? '' : ` or cosine ${policy.nearDuplicateCosine}`}\n`,
  );
  return EXIT.done;
}

/** What the file says, defaults included. */
function contentOf({ name, mode, classes, sources, licences, ensemble, policy }: Collection): Record<string, unknown> {
  const { wnids, sha256 } = classes;
  return { name, mode, classes: wnids.length, classListSha256: sha256, sources, licences, ensemble, policy };
}

async function list(json: boolean): Promise<void> {
  const rows: { name: string; file: string; mode: string; classes: number; problems: number }[] = [];
  for (const { name, file } of await listCollections()) {
    const { collection, problems } = await checkCollection(file);
    rows.push({
      name,
      file: displayPath(file),
      mode: collection?.mode ?? '?',
      classes: collection?.classes.wnids.length ?? 0,
      problems: problems.length,
    });
  }
  if (json) await writeOut(`${JSON.stringify(rows)}\n`);
  else
    await writeOut(
      tableText(
        ['name', 'mode', 'classes', 'problems', 'file'],
        rows.map((row) => [row.name, row.mode, row.classes, row.problems, row.file]),
      ),
    );
}
