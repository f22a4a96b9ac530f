import { decisionLines, decisionsHeader } from '../../export/decisions-csv.ts';
import type { OutputFolder, WrittenFile } from '../../export/output-folder.process.ts';
import type { Protocol } from '../../export/protocol.ts';
import type { RowContext } from '../../export/row-of.ts';
import { tableSink } from '../../export/table-sinks.process.ts';
import { nameOf, type Workspace } from '../open/workspace.ts';
import type { ExportOptions } from './export.ts';
import type { Plan } from './plan.ts';
import { readPlan } from './plan-file.ts';
import { protocolOf } from './protocol-of.ts';
import { cardText } from './texts.ts';
import { writePhotos } from './write-photos.ts';

interface ToWrite {
  readonly plan: Plan;
  readonly planFile: string;
  readonly output: OutputFolder;
  readonly options: ExportOptions;
}

/** Writes all files of a revision. The tables come before the protocol, which has their hashes. */
export async function writeRevision(workspace: Workspace, given: ToWrite): Promise<Protocol> {
  const { plan, planFile, output, options } = given;
  const decisions = await writeDecisions(workspace, given);
  const metadata = await tableSink(output, 'test/metadata.jsonl', {
    header: '',
    lineOf: ({ row }) => `${JSON.stringify(row)}\n`,
  });
  const { pixels, hardLinks, signal } = options;
  const { bytes, reencoded } = await writePhotos(workspace.app, {
    planFile,
    output,
    context: rowContextOf(workspace, plan),
    pixels,
    hardLinks,
    sinks: [metadata],
    signal,
    onProgress: (written) => options.onProgress({ ...written, of: plan.photos }),
  });
  const tables = [...(await metadata.finish()), decisions];
  const protocol = await protocolOf(workspace, { plan, options, written: { bytes, reencoded, tables } });
  await output.put('protocol.json', `${JSON.stringify(protocol, null, 2)}\n`);
  await output.put('README.md', cardText(protocol));
  return protocol;
}

async function writeDecisions({ collection }: Workspace, { plan, planFile, output }: ToWrite): Promise<WrittenFile> {
  const pseudonyms = new Map(plan.reviewers.map((reviewer, i) => [reviewer, `R${i + 1}`]));
  const file = await output.start('decisions.csv');
  await file.write(decisionsHeader());
  const pseudonymOf = (reviewer: string): string => pseudonyms.get(reviewer) ?? '';
  for await (const { photo } of readPlan(planFile))
    await file.write(decisionLines(photo, { className: nameOf(collection, photo.wnid), pseudonymOf }));
  return file.close();
}

function rowContextOf({ collection }: Workspace, plan: Plan): RowContext {
  return {
    mode: collection.mode,
    classOf: new Map(plan.classes.map((of) => [of.wnid, of])),
    textsOf: ({ rights }) => ({
      page_url: rights?.pageUrl ?? '',
      creator: rights?.creator ?? 'unknown',
      license: rights?.licence ?? 'unknown',
      license_url: rights?.licenceUrl ?? '',
    }),
    attributionOf: ({ creator, license }) => `${creator}, ${license}`,
    nameOf: ({ id }) => id,
  };
}
