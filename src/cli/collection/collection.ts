import type { Command } from 'commander';
import { checkCollection, listCollections } from '../../collection/collection.process.ts';
import type { Collection } from '../../collection/collection.ts';
import { displayPath } from '../../config/root.ts';
import { tableText, writeOut } from '../output.ts';
import { addGlobalFlags, runCommand, type GlobalFlags } from '../start/context.ts';
import { EXIT } from '../start/exit.ts';
import { reportOn, reportText } from './check.ts';
import { differencesOf } from './differences.ts';
import { addCollectionForgetCommand } from './forget.ts';
import { addCollectionInitCommand } from './init.ts';

export function addCollectionCommand(program: Command): void {
  const collection = program
    .command('collection')
    .description('Create and check collections: one YAML file each with classes, sources, ensemble and thresholds');
  addCollectionInitCommand(collection);
  addGlobalFlags(
    collection.command('check').description('Check a collection and everything that it names, and say what to do next'),
  )
    .argument('<name or path>', 'a name under config/collections, or the path of a file')
    .action((name: string, flags: GlobalFlags) => runCommand(flags, () => check(name, flags.json === true)));
  addGlobalFlags(collection.command('list').description('List the collections that commands find by name')).action(
    (flags: GlobalFlags) => runCommand(flags, () => list(flags.json === true)),
  );
  addCollectionForgetCommand(collection);
}

async function check(nameOrPath: string, json: boolean): Promise<number> {
  const report = await reportOn(nameOrPath);
  const { file, collection, problems, warnings, classes } = report;
  if (json) {
    const said = { file, ok: problems.length === 0, problems, warnings };
    const content =
      collection === null
        ? {}
        : { ...contentOf(collection), differences: differencesOf(collection), classTable: classes };
    await writeOut(`${JSON.stringify({ ...said, ...content })}\n`);
  } else await writeOut(reportText(report, nameOrPath));
  return collection === null ? EXIT.usage : EXIT.done;
}

/** The content of the file, including defaults. */
function contentOf(collection: Collection): Record<string, unknown> {
  const { name, mode, classes, evidenceClasses, sources, licences, ensemble, policy } = collection;
  const { wnids, sha256 } = classes;
  const among = { among: evidenceClasses.wnids.length, amongSha256: evidenceClasses.sha256 };
  return { name, mode, classes: wnids.length, classListSha256: sha256, sources, licences, ensemble, policy, ...among };
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
