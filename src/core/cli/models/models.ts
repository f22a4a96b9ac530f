import type { Command } from 'commander';
import {
  listModels,
  modelEntry,
  preprocessingOfEntry,
  verifyModel,
  type ModelEntry,
  type ModelVerification,
} from '../../models/library/inventory.process.ts';
import { trialText } from '../../models/library/judge-trial.ts';
import { externalFilesOf } from '../../collection/cards/model-card.ts';
import type { ModelClasses } from '../../collection/cards/model-classes.ts';
import type { FoundCard } from '../../collection/cards/model-card.process.ts';
import { displayPath } from '../../config/root.ts';
import { Interrupted } from '../../kernel/errors.ts';
import { plural, writeData, writeJsonLines, writeOut, writeResult, EXIT } from '../text/output.ts';
import { tableText } from '../text/table.ts';
import { addPlainCommand, runCommand, type CommandContext } from '../start/context.ts';
import { trainedText } from '../../kernel/training-text.ts';
import { addModelsAddCommand } from './add.ts';
import { addModelsPullCommand } from './pull.ts';
import { addModelsRemoveCommand } from './remove.ts';

export function addModelsCommand(program: Command): void {
  const models = program
    .command('models')
    .description(
      'Models: each has a card (file, sha256, preprocessing, classes); collections name them in their ensemble',
    );
  addPlainCommand(models, 'list', 'List the models that collections can name')
    .addHelpText('after', '\nExamples:\n  winnow models list\n  winnow models list --json\n')
    .run((flags) => runCommand(flags, () => list(flags.json === true)));
  addPlainCommand(models, 'show', 'Show everything known about a model')
    .argument('<name>', 'a model of `winnow models list`')
    .addHelpText('after', '\nExample:\n  winnow models show efficientnet-lite0\n')
    .run((flags, name: string) => runCommand(flags, () => show(name, flags.json === true)));
  addPlainCommand(
    models,
    'verify',
    'Check files against size and sha256 of their cards, load them and run them on sample photos',
  )
    .argument('[name...]', 'the models to check (default: all)')
    .addHelpText('after', '\nExamples:\n  winnow models verify\n  winnow models verify resnet50-v1-12\n')
    .run((flags, names: string[]) => runCommand(flags, (context) => verify(names, context)));
  addModelsAddCommand(models);
  addModelsPullCommand(models);
  addModelsRemoveCommand(models);
}

function jsonOf(entry: ModelEntry): Record<string, unknown> {
  const { name, card, classes, state, problem } = entry;
  if (card === null) return { name, state, problem };
  const { cardFile, path, ...said } = card;
  return {
    ...said,
    state,
    problem,
    card: cardFile,
    path,
    classCount: classes?.count ?? null,
    preprocessing: preprocessingOfEntry(entry),
  };
}

async function list(json: boolean): Promise<void> {
  const entries = await listModels();
  if (json) {
    await writeJsonLines(entries.map(jsonOf));
    return;
  }
  const rows = entries.map(rowOf);
  await writeOut(tableText(['name', 'state', 'classes', 'input', 'file', 'licence', 'origin'], rows));
  for (const { name, problem, state } of entries)
    if (state === 'broken-card' || state === 'wrong-size') await writeOut(`\n${name}: ${problem ?? ''}\n`);
}

function rowOf({ name, card, classes, state }: ModelEntry): string[] {
  const stateOf = stateText(state, card);
  if (card === null) return [name, stateOf, ...Array.from({ length: 5 }, () => (state === 'to-pull' ? '-' : '?'))];
  const { input, bytes, head, licence, origin } = card;
  return [
    name,
    stateOf,
    card.classes === undefined ? featuresText(card) : `${classes?.count ?? '?'} (${card.classes})`,
    `${input.size} px ${input.type ?? 'float32'} ${input.layout ?? 'nchw'}`,
    head === undefined ? sizeText(bytes) : `${sizeText(bytes)} + ${sizeText(head.bytes)} head`,
    licence,
    origin,
  ];
}

/** `features, text`: a backbone with a text tower. */
const featuresText = ({ text }: FoundCard): string => (text === undefined ? 'features' : 'features, text');

function sizeText(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function stateText(state: ModelEntry['state'], card: ModelEntry['card']): string {
  if (state === 'absent') return card?.download === undefined ? 'absent' : 'not downloaded';
  if (state === 'broken-card') return 'broken card';
  if (state === 'to-pull') return 'not pulled';
  if (state === 'wrong-size') return 'wrong size';
  return card?.trained === false ? 'ready (untrained)' : 'ready';
}

async function show(name: string, json: boolean): Promise<number> {
  const entry = await modelEntry(name);
  if (json) await writeData(`${JSON.stringify(jsonOf(entry))}\n`);
  else await writeOut(showText(entry));
  return entry.state === 'broken-card' ? EXIT.usage : EXIT.done;
}

/** `fit  photos 480, l2 1`, if `winnow finetune` or `winnow models text` wrote the card. */
function fitLines({ fit }: FoundCard): string[] {
  if (fit === undefined) return [];
  const facts = Object.entries(fit).map(([what, value]) => `${what} ${value}`);
  return [`  fit       ${facts.join(', ')}`];
}

function headLines({ backbone = '', head, references }: FoundCard): string[] {
  if (head === undefined) return [];
  const unknown = head.text === true ? 'none: it was made from text' : 'unknown which photos it was fitted on';
  const photos =
    references === undefined
      ? unknown
      : `${displayPath(references.path)}, hashes of ${plural(references.photos, 'photo')} that it was fitted or validated on`;
  return [
    `  backbone  ${backbone}: the file above`,
    `  head      ${displayPath(head.path)}, ${plural(head.bytes, 'byte')}`,
    `  head sha  ${head.sha256}`,
    `  photos    ${photos}`,
  ];
}

function classesLine({ classes: named, text }: FoundCard, classes: ModelClasses): string {
  if (named === undefined)
    return `  classes   none: it gives features, for heads (winnow finetune${text === undefined ? '' : ', winnow models text'})`;
  const first = Array.from({ length: Math.min(3, classes.count) }, (_, i) => classes.labelOf(i)).join(', ');
  return `  classes   ${plural(classes.count, 'class', 'classes')} (${named}): ${first}${classes.count > 3 ? ', ...' : ''}`;
}

function textLines({ text }: FoundCard): string[] {
  if (text === undefined) return [];
  const { path, bytes, output = 'text_embeds', contextLength, scale, bias, sigmoid } = text;
  const logits = scale === undefined ? 'scale unknown (--scale)' : `${scale} x cosine + ${bias ?? 0}`;
  return [
    `  text      ${displayPath(path)}, ${plural(bytes, 'byte')}, output '${output}', ${contextLength} tokens`,
    `  tokenizer ${displayPath(text.tokenizer.path)}`,
    `  p         ${logits}, ${sigmoid === true ? "each class's own sigmoid" : 'softmax'}`,
  ];
}

function showText(entry: ModelEntry): string {
  const { name, card, classes, state, problem } = entry;
  if (card === null || classes === null) return `${name}: ${problem ?? ''}\n`;
  return [
    `${name}: ${stateText(state, card)}`,
    ...(problem === null ? [] : [`  ${problem}`]),
    `  card      ${displayPath(card.cardFile)} (${card.origin})`,
    `  file      ${displayPath(card.path)}, ${plural(card.bytes, 'byte')}`,
    `  sha256    ${card.sha256}`,
    ...externalFilesOf(card).map(
      ({ file, bytes, sha256 }) => `  weights   ${displayPath(file)}, ${plural(bytes, 'byte')}, sha256 ${sha256}`,
    ),
    ...headLines(card),
    `  source    ${card.source}`,
    ...(card.family === undefined ? [] : [`  family    ${card.family}`]),
    ...(card.trainingData === undefined ? [] : [`  photos    ${trainedText(card)}`]),
    ...(card.documentation === undefined ? [] : [`  page      ${card.documentation} (documents its preprocessing)`]),
    `  licence   ${card.licence}`,
    ...graphLines(card),
    classesLine(card, classes),
    ...textLines(card),
    `  trained   ${card.trained ? 'yes' : 'no: for tests and benchmarks only'}`,
    ...fitLines(card),
    `  evidence  ${preprocessingOfEntry(entry) ?? ''}`,
    ...(card.download ?? []).map((url) => `  download  ${url}`),
    '',
  ].join('\n');
}

function graphLines({ input, resize, normalise, outputs, head }: NonNullable<ModelEntry['card']>): string[] {
  const { type = 'float32', layout = 'nchw' } = input;
  const { mean, std } = normalise;
  const scaled = `(pixel - ${mean.join(', ')}) / ${std.join(', ')}, pixel 0..255`;
  return [
    `  input     '${input.name}' ${type} ${layout}, ${input.size} px of a photo ${resizedText(resize)}`,
    `  pixels    ${type === 'uint8' ? 'unchanged (the graph normalises them)' : scaled}`,
    head === undefined ? outputLine(outputs) : headOutputLine(head, outputs),
  ];
}

function outputLine({ logits, features = '', values = 'logits' }: FoundCard['outputs']): string {
  if (logits === undefined) return `  output    '${features}', features`;
  const logarithm = values === 'probabilities' ? ' (their logarithm is taken: its softmax is the same)' : '';
  return `  output    '${logits}', ${values}${logarithm}`;
}

function headOutputLine(
  { normalise, sigmoid }: NonNullable<FoundCard['head']>,
  { features = '' }: FoundCard['outputs'],
): string {
  const length = normalise === true ? ' divided by its length' : '';
  const kind = sigmoid === true ? '; p of a class is its own sigmoid (docs/filtering.md)' : '';
  return `  output    the head's, over '${features}'${length}${kind}`;
}

const resizedText = ({ shorterSide, square, interpolation }: NonNullable<ModelEntry['card']>['resize']): string =>
  `resized to ${square === true ? `${shorterSide} x ${shorterSide}` : shorterSide} px (${interpolation})`;

async function verify(names: readonly string[], { flags, loaded, log, signal }: CommandContext): Promise<number> {
  // Find all cards first, so that a wrong name is reported before any model runs.
  for (const name of names) await modelEntry(name);
  const { requireProvider } = await import('../../platform/onnx/providers.ts');
  const provider = await requireProvider(loaded.config.filter, log);
  const wanted = names.length > 0 ? names : (await listModels()).map(({ name }) => name);
  let failed = 0;
  for (const name of wanted) {
    if (signal.aborted) throw new Interrupted();
    const result = await verifyModel(name, provider);
    // A model that the user named must exist.
    const isFailure = result.state === 'failed' || (result.state === 'absent' && names.length > 0);
    failed += isFailure ? 1 : 0;
    await writeResult(flags, result, () => verificationText(result, isFailure));
  }
  return failed === 0 ? EXIT.done : EXIT.incomplete;
}

function verificationText({ name, state, problem, trial }: ModelVerification, isFailure: boolean): string {
  const mark = isFailure ? 'FAIL' : state === 'absent' ? '-   ' : 'ok  ';
  const detail = problem ?? (trial === null ? '' : `size and sha256 as its card says, ${trialText(trial)}`);
  return `${mark} ${name}: ${detail}\n`;
}
