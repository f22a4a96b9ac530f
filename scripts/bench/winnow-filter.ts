import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { setFlags } from '../../test/support/winnow.ts';
import { runProgram, type ProgramRun } from './run-program.ts';
import { POSTGRES, postmasterOf, WINNOW } from './winnow-crawl.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = path.join(ROOT, 'src', 'cli', 'winnow.cjs');

/** The folder in which commands are started, with its own model cards, collection files and data folders. */
export interface Project {
  readonly folder: string;
  readonly signal: AbortSignal;
}

export async function writeCollection(
  { folder }: Project,
  collection: { readonly name: string; readonly classes: string; readonly ensemble: readonly string[] },
): Promise<string> {
  const { name, classes, ensemble } = collection;
  const file = path.join(folder, `${name}.yaml`);
  const policy = 'policy: { threshold: 0.15, aggregation: max, members: any }';
  const lines = [`name: ${name}`, 'mode: A', `classes: ${classes}`, 'sources: [folder]', 'licences: any'];
  await writeFile(file, [...lines, `ensemble: [${ensemble.join(', ')}]`, policy, ''].join('\n'));
  return file;
}

export interface Take {
  readonly collection: string;
  readonly files: readonly string[];
  readonly wnids: readonly string[];
}

/** Crawls photos into a data folder. Each run starts from a copy of it. */
export async function takeIn(project: Project, name: string, { collection, files, wnids }: Take): Promise<string> {
  const photos = path.join(project.folder, `${name}-photos`);
  const data = path.join(project.folder, `${name}-data`);
  await mkdir(photos, { recursive: true });
  const rows = files.map((file, i) => `${path.basename(file)},${wnids[i] ?? ''}`);
  await writeFile(path.join(photos, 'labels.csv'), `file,wnid\n${rows.join('\n')}\n`);
  for (const file of files) await cp(file, path.join(photos, path.basename(file)));
  await run(project, { command: 'crawl', collection, data, flags: ['--source', 'folder', '--from', photos] });
  await rm(photos, { recursive: true });
  return data;
}

/** The work that `winnow filter --json` reports. */
export interface FilterWork {
  readonly threads: number;
  readonly startedAt: string;
  readonly photos: number;
  readonly crops: number;
  readonly passes: number;
  readonly elapsedSeconds: number;
  readonly prepareSeconds: number;
  readonly inferSeconds: number;
}

export interface FilterRun {
  readonly program: ProgramRun;
  readonly kept: number;
  readonly dropped: number;
  readonly work: FilterWork;
}

/** Runs the real command on a copy of a data folder, and removes the copy afterwards. */
export async function runFilter(
  project: Project,
  wanted: {
    readonly collection: string;
    readonly data: string;
    readonly settings: Readonly<Record<string, string>>;
  },
): Promise<FilterRun> {
  const { collection, data, settings } = wanted;
  const copy = path.join(project.folder, 'run-data');
  await cp(data, copy, { recursive: true });
  try {
    const program = await run(project, { command: 'filter', collection, data: copy, flags: setFlags(settings) });
    const { kept, dropped, work } = JSON.parse(program.stdout);
    return { program, kept, dropped, work };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function run(
  { folder, signal }: Project,
  { command, collection, data, flags }: { command: string; collection: string; data: string; flags: readonly string[] },
): Promise<ProgramRun> {
  const args = [command, '--json', '--collection', collection, '--data', data, ...flags];
  return runProgram({
    name: WINNOW,
    command: [process.execPath, PROGRAM, ...args],
    cwd: folder,
    beside: new Map([[POSTGRES, () => postmasterOf(data)]]),
    signal,
  });
}

/**
 * A copy of the structure-only ResNet-50 with other bytes: the paper's pair has two members, and evidence is keyed by
 * bytes.
 */
export const RESNET_TWIN = 'resnet50-structure-twin';
/** `doc_string` of a ModelProto: field 6, a text of four bytes. */
const DOC_STRING = Buffer.from([0x32, 4, ...Buffer.from('twin')]);

/** Creates an empty folder to start commands in, with the card of the twin. */
export async function openProject(folder: string, signal: AbortSignal): Promise<Project> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(folder, 'config', 'models'), { recursive: true });
  const model = Buffer.concat([await readFile(path.join(ROOT, 'assets/models/resnet50-structure.onnx')), DOC_STRING]);
  const file = `config/models/${RESNET_TWIN}.onnx`;
  await writeFile(path.join(folder, file), model);
  const card = parse(await readFile(path.join(ROOT, 'config/models/resnet50-structure.yaml'), 'utf8'));
  const sha256 = createHash('sha256').update(model).digest('hex');
  const twin = { ...card, name: RESNET_TWIN, file, sha256, bytes: model.length };
  await writeFile(path.join(folder, 'config', 'models', `${RESNET_TWIN}.yaml`), stringify(twin));
  return { folder, signal };
}
