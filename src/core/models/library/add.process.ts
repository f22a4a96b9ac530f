import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CLASS_LIST_NAMES } from '../../collection/class-table.ts';
import { ADDED_CARD, listCards, LOCAL_MODELS } from '../../collection/cards/model-card.process.ts';
import { parseModelCard, type CardFile } from '../../collection/cards/model-card.ts';
import type { ModelClasses } from '../../collection/cards/model-classes.ts';
import { nameSchema } from '../../collection/name.ts';
import { quote } from '../../tools/quote.ts';
import { displayPath, workingFolder } from '../../config/root.ts';
import { codeOf, messageOf, UsageError } from '../../kernel/errors.ts';
import { sha256Of } from '../../tools/sha256.ts';
import { describeSession, outputWidth, type GraphDescription } from '../../platform/onnx/graph.ts';
import { hasLayerBefore, layerInputName } from '../../platform/onnx/inner-tensor.ts';
import { createSession, type LoadedFile } from '../../platform/onnx/session.ts';
import {
  cardFileText,
  logitsCandidates,
  pictureInputOf,
  type GivenFacts,
  type PictureInput,
  gather,
  type Ask,
} from './draft.process.ts';
import { refusalText, type Trial } from './judge-trial.ts';
import { parseNormalisation } from './normalisation.ts';
import { sniffText } from './sniff.ts';
import { storeModel } from './store.process.ts';
import { tryModel } from './trial.process.ts';

export interface AddRequest {
  readonly file: string;
  readonly given: GivenFacts;
  /** Register a model that shows no knowledge on the samples, for tests and benchmarks. */
  readonly allowChance: boolean;
  readonly inPlace: boolean;
  /** Files that the model keeps weights in. Default: none. */
  readonly externalData?: readonly string[];
  /** Null if there is no terminal. */
  readonly ask: Ask | null;
  readonly workingDir?: string;
}

export interface Added {
  readonly name: string;
  readonly cardFile: string;
  readonly modelFile: string;
  readonly graph: GraphDescription;
  readonly trial: Trial;
  readonly classes: number;
  readonly card: string;
}

const MODEL_FILE = 'model.onnx';
const CLASS_FILE = 'classes.txt';

/**
 * Registers an ONNX file: takes the facts from it, from flags and from answers, runs the model on sample photos, and
 * writes its card. A refused model leaves no files behind.
 *
 * @throws UsageError with the reason
 */
export async function addModel(request: AddRequest): Promise<Added> {
  const workingDir = request.workingDir ?? workingFolder();
  const source = path.resolve(workingDir, request.file);
  const bytes = await readModel(source);
  const external = await Promise.all((request.externalData ?? []).map(async (file) => externalFile(file, request)));
  const graph = await graphOf(bytes, source, external);
  const input = pictureInputOf(graph);
  const { given, classes } = await gather(request, { graph, input, workingDir, source });
  const name = await freeName(given.name, workingDir);
  requireAgreement(given, input);
  const isListName = CLASS_LIST_NAMES.some((known) => known === given.classes);
  const folder = path.join(workingDir, LOCAL_MODELS, name);
  const { trial, card } = await tryDraft(request, {
    draft: {
      name,
      file: request.inPlace ? source : MODEL_FILE,
      sha256: sha256Of(bytes),
      bytes: bytes.length,
      externalData: listed(external),
      licence: given.licence ?? 'unknown',
      source: given.source ?? path.basename(source),
      documentation: given.documentation,
      family: given.family,
      ...pixelFacts(given, input),
      outputs: { ...outputsOf(bytes, logitsOf(graph, given, classes)), values: 'logits' },
      classes: isListName ? (given.classes ?? '') : CLASS_FILE,
      trained: true,
    },
    source,
    classes,
  });
  await storeModel(folder, {
    [ADDED_CARD]: card,
    ...(request.inPlace
      ? {}
      : { [MODEL_FILE]: bytes, ...Object.fromEntries(external.map(({ path: file, data }) => [file, data])) }),
    ...(isListName ? {} : { [CLASS_FILE]: await readFile(path.resolve(workingDir, given.classes ?? '')) }),
  });
  const modelFile = request.inPlace ? source : path.join(folder, MODEL_FILE);
  return { name, cardFile: path.join(folder, ADDED_CARD), modelFile, graph, trial, classes: classes.count, card };
}

function listed(files: readonly LoadedFile[]): CardFile['externalData'] {
  if (files.length === 0) return undefined;
  return files.map(({ path: file, data }) => ({ file, sha256: sha256Of(data), bytes: data.length }));
}

/** A file with weights. ONNX finds it beside the model, so there it must be, also to be copied. */
async function externalFile(file: string, request: AddRequest): Promise<LoadedFile> {
  const workingDir = request.workingDir ?? workingFolder();
  const place = path.resolve(workingDir, file);
  const folder = path.dirname(path.resolve(workingDir, request.file));
  if (path.dirname(place) === folder) return { path: path.basename(place), data: await readModel(place) };
  throw new UsageError(
    `Expected a file beside the model in '${displayPath(folder)}' for --external-data but received ${quote(file)}`,
    { code: 'model-external-data' },
  );
}

async function readModel(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`Expected an ONNX file at '${displayPath(file)}' but it cannot be read: ${messageOf(error)}`, {
      code: 'model-unreadable',
      cause: error,
    });
  }
}

async function graphOf(bytes: Buffer, file: string, externalData: readonly LoadedFile[]): Promise<GraphDescription> {
  try {
    const session = await createSession(bytes, { file: displayPath(file), externalData });
    try {
      return describeSession(session);
    } finally {
      await session.release();
    }
  } catch (error) {
    if (codeOf(error) === 'model-external-data')
      throw new UsageError(messageOf(error), { code: 'model-external-data', cause: error });
    throw new UsageError(`${messageOf(error).replace(/\.+$/, '')}. ${sniffText(bytes)}`, {
      code: 'model-invalid',
      cause: error,
    });
  }
}

/** @throws UsageError `model-name`, `model-exists` */
export async function freeName(name: string | undefined, workingDir: string): Promise<string> {
  const parsed = nameSchema.safeParse(name);
  if (!parsed.success)
    throw new UsageError(`Expected ${nameSchema.description} for --name but received ${quote(name)}`, {
      code: 'model-name',
    });
  const taken = (await listCards(workingDir)).find((card) => card.name === parsed.data);
  if (taken === undefined) return parsed.data;
  throw new UsageError(
    `Expected a new name for --name but '${parsed.data}' is the name of the model in ${displayPath(taken.file, workingDir)}; \`winnow models remove ${parsed.data}\` removes what was added`,
    { code: 'model-exists' },
  );
}

/** `gather` has asked for everything that the file does not state. */
function pixelFacts(
  { layout = 'nchw', size = 0, resize = 0, square, interpolation = 'bilinear-antialias', normalise = '' }: GivenFacts,
  input: PictureInput,
): Pick<CardFile, 'input' | 'resize' | 'normalise'> {
  return {
    input: { name: input.name, size: input.size ?? size, layout: input.layout ?? layout, type: input.type },
    resize: { shorterSide: resize, square, interpolation },
    normalise: input.type === 'uint8' ? undefined : parseNormalisation(normalise),
  };
}

function logitsOf(graph: GraphDescription, given: GivenFacts, { count }: ModelClasses): string {
  const [output] = logitsCandidates(graph, { logits: given.logits, width: count });
  const width = output === undefined ? null : outputWidth(output);
  if (output !== undefined && (width === null || width === count)) return output.name;
  throw new UsageError(
    `Expected a class list of ${width} classes, as many as the output '${output?.name}' has values, for --classes but ${quote(given.classes)} has ${count}`,
    { code: 'class-count' },
  );
}

/** With features, if the last layer is linear: then the model can be the backbone of a head. */
function outputsOf(bytes: Buffer, logits: string): CardFile['outputs'] {
  return hasLayerBefore(bytes, logits) ? { logits, features: layerInputName(logits) } : { logits };
}

function requireAgreement({ layout, size, normalise }: GivenFacts, input: PictureInput): void {
  const inGraph = input.type === 'uint8' ? 'uint8, which the graph normalises itself' : null;
  const pairs = [
    { flag: '--layout', said: layout, inFile: input.layout },
    { flag: '--size', said: size, inFile: input.size },
    { flag: '--normalise', said: normalise, inFile: inGraph },
  ];
  for (const { flag, said, inFile } of pairs) {
    if (said === undefined || inFile === null || said === inFile) continue;
    throw new UsageError(
      `Expected ${flag} to agree with what the file says of '${input.name}' (${inFile}) but received ${quote(said)}; leave ${flag} out`,
      { code: 'model-facts-clash' },
    );
  }
}

async function tryDraft(
  { allowChance }: AddRequest,
  { draft, source, classes }: { readonly draft: CardFile; readonly source: string; readonly classes: ModelClasses },
): Promise<{ trial: Trial; card: string }> {
  const parsed = parseModelCard(cardFileText(draft), 'the new card', '');
  const trial = await tryModel({ ...parsed, path: source }, classes).catch((error: unknown) => {
    throw new UsageError(
      `Expected a model that runs on photos but '${displayPath(source)}' does not: ${messageOf(error)}`,
      { code: 'model-does-not-run', cause: error },
    );
  });
  const refusal = refusalText(trial);
  const isAllowed = trial.verdict !== 'not-finite' && allowChance;
  if (refusal !== null && !isAllowed) {
    throw new UsageError(
      `Expected a trained classifier but '${displayPath(source)}' ${refusal}. If it is one, check --normalise, --resize and the order of --classes${trial.verdict === 'not-finite' ? '' : '; --allow-chance registers it anyway, for tests and benchmarks'}`,
      { code: 'model-refused' },
    );
  }
  const outputs = { ...draft.outputs, values: trial.isSoftmax ? ('probabilities' as const) : ('logits' as const) };
  return { trial, card: cardFileText({ ...draft, outputs, trained: refusal === null }) };
}
