import type { Command } from 'commander';
import { checkCollection, listCollections } from '../../collection/collection.process.ts';
import type { Collection } from '../../collection/collection.ts';
import { displayPath } from '../../config/root.ts';
import { writeResult, EXIT } from '../text/output.ts';
import { tableText } from '../text/table.ts';
import { addPlainCommand, runCommand, type CommandContext, type GlobalFlags } from '../start/context.ts';
import { reportOn, reportText, differencesOf } from './check.ts';
import { addCollectionForgetCommand } from './forget.ts';
import { addCollectionInitCommand } from './init.ts';

export function addCollectionCommand(program: Command): void {
  const collection = program
    .command('collection')
    .description('Create and check collections: one YAML file each with classes, sources, ensemble and thresholds');
  addCollectionInitCommand(collection);
  addPlainCommand(collection, 'check', 'Check a collection and everything that it names, and say what to do next')
    .argument('<name or path>', 'a name under config/collections, or the path of a file')
    .run((flags, name: string) => runCommand(flags, (context) => check(name, flags, context)));
  addPlainCommand(collection, 'list', 'List the collections that commands find by name').run((flags) =>
    runCommand(flags, () => list(flags)),
  );
  addCollectionForgetCommand(collection);
}

async function check(nameOrPath: string, flags: GlobalFlags, { signal, loaded }: CommandContext): Promise<number> {
  const report = await reportOn(nameOrPath, signal);
  const { file, collection, problems, warnings, classes } = report;
  const said = { file, ok: problems.length === 0, problems, warnings };
  const content = collection === null ? {} : { ...contentOf(collection), classTable: classes };
  await writeResult(flags, { ...said, ...content }, () => reportText(report, nameOrPath, loaded.config.crawl));
  return collection === null ? EXIT.usage : EXIT.done;
}

function contentOf(collection: Collection): Record<string, unknown> {
  const { name, mode, classes, evidenceClasses, sources, licences, ensemble, policy } = collection;
  const { wnids, sha256 } = classes;
  const among = { among: evidenceClasses.wnids.length, amongSha256: evidenceClasses.sha256 };
  const chosen = { name, mode, classes: wnids.length, classListSha256: sha256, sources, licences, ensemble, policy };
  return { ...chosen, ...among, differences: differencesOf(collection) };
}

async function list(flags: GlobalFlags): Promise<void> {
  const rows: { name: string; file: string; mode: string; classes: number; problems: number }[] = [];
  for (const { name, file } of await listCollections()) {
    const { collection, problems } = await checkCollection(file);
    const { mode = '?', classes } = collection ?? {};
    const counts = { classes: classes?.wnids.length ?? 0, problems: problems.length };
    rows.push({ name, file: displayPath(file), mode, ...counts });
  }
  const cells = rows.map(({ name, mode, classes, problems, file }) => [name, mode, classes, problems, file]);
  await writeResult(flags, rows, () => tableText(['name', 'mode', 'classes', 'problems', 'file'], cells));
}
