import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CLASS_LIST_NAMES } from '../../collection/class-table.ts';
import { ADDED_CARD, listCards, LOCAL_MODELS } from '../../collection/model-card.process.ts';
import { parseModelCard } from '../../collection/model-card.ts';
import type { ModelClasses } from '../../collection/model-classes.ts';
import { nameSchema } from '../../collection/name.ts';
import { quote } from '../../config/quote.ts';
import { displayPath, workingFolder } from '../../config/root.ts';
import { codeOf, messageOf, UsageError } from '../../kernel/errors.ts';
import { toSha256 } from '../../kernel/ids.ts';
import { describeSession, outputWidth, type GraphDescription } from '../../platform/onnx/graph.ts';
import { createSession } from '../../platform/onnx/session.ts';
import { specOf } from '../engine/ensemble.ts';
import {
  cardText,
  logitsCandidates,
  pictureInputOf,
  type DraftFacts,
  type GivenFacts,
  type PictureInput,
} from './draft.ts';
import { gather, type Ask } from './gather.ts';
import { refusalText, type Trial } from './judge.ts';
import { sniffText } from './sniff.ts';
import { storeModel } from './store.ts';
import { tryModel } from './trial.ts';

export interface AddRequest {
  /** The path as the user typed it. */
  readonly file: string;
  readonly given: GivenFacts;
  /** Register a model that shows no knowledge on the samples, for tests and benchmarks. */
  readonly allowChance: boolean;
  /** Refer to the file at its place instead of copying it. */
  readonly inPlace: boolean;
  /** Null if there is no terminal. */
  readonly ask: Ask | null;
  /** The folder that contains config/local/models. */
  readonly workingDir?: string;
}

export interface Added {
  readonly name: string;
  /** An absolute path. */
  readonly cardFile: string;
  readonly modelFile: string;
  readonly graph: GraphDescription;
  readonly trial: Trial;
  readonly classes: number;
  readonly card: string;
}

/** File names in the folder of an added model. */
const MODEL_FILE = 'model.onnx';
const CLASS_FILE = 'classes.txt';

/**
 * Registers an ONNX file: reads its inputs and outputs, takes the other facts from flags or asks for them, runs the model on
 * sample photos, and writes its card. A refused model leaves no files behind.
 *
 * @throws UsageError with the reason
 */
export async function addModel(request: AddRequest): Promise<Added> {
  const workingDir = request.workingDir ?? workingFolder();
  const source = path.resolve(workingDir, request.file);
  const bytes = await readModel(source);
  const graph = await graphOf(bytes, source);
  const input = pictureInputOf(graph);
  const { given, classes } = await gather(request, { graph, input, workingDir, source });
  const name = await freeName(given.name, workingDir);
  const isListName = CLASS_LIST_NAMES.some((known) => known === given.classes);
  const facts: DraftFacts = {
    ...factsOf(given, { input, graph, classes }),
    name,
    file: request.inPlace ? source : MODEL_FILE,
    sha256: toSha256(createHash('sha256').update(bytes).digest('hex')),
    bytes: bytes.length,
    source: given.source ?? path.basename(source),
    classes: isListName ? (given.classes ?? '') : CLASS_FILE,
  };
  const folder = path.join(workingDir, LOCAL_MODELS, name);
  const cardFile = path.join(folder, ADDED_CARD);
  const { trial, card } = await tryDraft(facts, { source, classes, cardFile, allowChance: request.allowChance });
  await storeModel(folder, {
    [ADDED_CARD]: card,
    ...(request.inPlace ? {} : { [MODEL_FILE]: bytes }),
    ...(isListName ? {} : { [CLASS_FILE]: await readFile(path.resolve(workingDir, given.classes ?? '')) }),
  });
  const modelFile = path.resolve(folder, facts.file);
  return { name, cardFile, modelFile, graph, trial, classes: classes.count, card };
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

async function graphOf(bytes: Buffer, file: string): Promise<GraphDescription> {
  try {
    const session = await createSession(bytes, { file: displayPath(file) });
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

async function freeName(name: string | undefined, workingDir: string): Promise<string> {
  const parsed = nameSchema.safeParse(name);
  if (!parsed.success)
    throw new UsageError(`Expected ${nameSchema.description} for --name but received ${quote(name)}`, {
      code: 'model-name',
    });
  const taken = (await listCards(undefined, workingDir)).find((card) => card.name === parsed.data);
  if (taken === undefined) return parsed.data;
  throw new UsageError(
    `Expected a new name for --name but '${parsed.data}' is the name of the model in ${displayPath(taken.file, workingDir)}; \`winnow models remove ${parsed.data}\` removes what was added`,
    { code: 'model-exists' },
  );
}

/** The facts that the ONNX file does not state. */
function factsOf(
  given: GivenFacts,
  { input, graph, classes }: { input: PictureInput; graph: GraphDescription; classes: ModelClasses },
): Omit<DraftFacts, 'name' | 'file' | 'sha256' | 'bytes' | 'source' | 'classes'> {
  requireAgreement(given, input);
  return {
    licence: given.licence ?? 'unknown',
    documentation: given.documentation,
    ...pixelFacts(given, input),
    logits: logitsOf(graph, given, classes),
    values: 'logits',
    trained: true,
  };
}

/** `gather` has asked for everything that the file does not state. */
function pixelFacts(
  { layout = 'nchw', size = 0, resize = 0, normalise = '' }: GivenFacts,
  input: PictureInput,
): Pick<DraftFacts, 'input' | 'size' | 'resize' | 'normalise'> {
  return {
    input: { name: input.name, type: input.type, layout: input.layout ?? layout },
    size: input.size ?? size,
    resize,
    normalise: input.type === 'uint8' ? null : normalise,
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

/** Refuses a flag that contradicts the file. */
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

/** Runs the model as its card will describe it. */
async function tryDraft(
  facts: DraftFacts,
  {
    source,
    classes,
    cardFile,
    allowChance,
  }: { source: string; classes: ModelClasses; cardFile: string; allowChance: boolean },
): Promise<{ trial: Trial; card: string }> {
  const parsed = (text: string) => parseModelCard(text, 'the new card', path.dirname(cardFile));
  const draft = { ...parsed(cardText(facts)), path: source, cardFile, origin: 'added' as const };
  let trial: Trial;
  try {
    trial = await tryModel(specOf(draft, classes), classes);
  } catch (error) {
    throw new UsageError(
      `Expected a model that runs on photos but '${displayPath(source)}' does not: ${messageOf(error)}`,
      {
        code: 'model-does-not-run',
        cause: error,
      },
    );
  }
  const refusal = refusalText(trial);
  const isAllowed = trial.verdict !== 'not-finite' && allowChance;
  if (refusal !== null && !isAllowed) {
    throw new UsageError(
      `Expected a trained classifier but '${displayPath(source)}' ${refusal}. If it is one, check --normalise, --resize and the order of --classes${trial.verdict === 'not-finite' ? '' : '; --allow-chance registers it anyway, for tests and benchmarks'}`,
      { code: 'model-refused' },
    );
  }
  const values = trial.isSoftmax ? 'probabilities' : 'logits';
  const card = cardText({ ...facts, values, trained: refusal === null });
  parsed(card);
  return { trial, card };
}
