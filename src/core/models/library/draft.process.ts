import path from 'node:path';
import { stringify } from 'yaml';
import type { CardFile } from '../../collection/cards/model-card.ts';
import { quote } from '../../tools/quote.ts';
import { UsageError } from '../../kernel/errors.ts';
import type { Interpolation } from '../../kernel/interpolation.ts';
import { isFloat, outputWidth, tensorText, type GraphDescription, type GraphValue } from '../../platform/onnx/graph.ts';
import type { InputType } from '../../platform/onnx/model-format.ts';
import { NORMALISATIONS, parseNormalisation } from './normalisation.ts';
import { loadClassTable } from '../../collection/class-table.process.ts';
import { readModelClasses } from '../../collection/cards/model-card.process.ts';
import type { ModelClasses } from '../../collection/cards/model-classes.ts';

export interface GivenFacts {
  readonly name?: string | undefined;
  readonly layout?: 'nchw' | 'nhwc' | undefined;
  readonly size?: number | undefined;
  readonly resize?: number | undefined;
  readonly square?: boolean | undefined;
  readonly interpolation?: Interpolation | undefined;
  readonly normalise?: string | undefined;
  readonly logits?: string | undefined;
  readonly classes?: string | undefined;
  readonly licence?: string | undefined;
  readonly source?: string | undefined;
  readonly documentation?: string | undefined;
  readonly family?: string | undefined;
}

export interface PictureInput {
  readonly name: string;
  readonly type: InputType;
  /** Null if the dimensions do not decide it. */
  readonly layout: 'nchw' | 'nhwc' | null;
  /** In pixels. Null if the input accepts any size. */
  readonly size: number | null;
}

/** A missing fact. On a terminal the user is asked with a suggestion; elsewhere the message names the missing flag. */
export interface Question {
  /** The flag is `--` and this. */
  readonly fact: keyof GivenFacts;
  readonly text: string;
  /** Used if the answer is empty. Null if an answer is required. */
  readonly suggestion: string | null;
}

/** @throws UsageError `model-unsuitable` with the reason if there is no such input */
export function pictureInputOf({ inputs }: GraphDescription): PictureInput {
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    const list = inputs.map((each) => `'${each.name}' ${tensorText(each)}`).join(', ');
    throw unsuitable(`one input, a picture, but the graph has ${inputs.length} (${list})`);
  }
  if (input.type !== 'float32' && input.type !== 'float16' && input.type !== 'uint8')
    throw unsuitable(
      `an input of float32, float16 or uint8 but '${input.name}' is ${tensorText(input)}; export it with one of these`,
    );
  if (input.shape.length !== 4)
    throw unsuitable(`an input of four dimensions, batch and a picture, but '${input.name}' is ${tensorText(input)}`);
  const [batch, ...rest] = input.shape;
  if (typeof batch === 'number' && batch !== 1) {
    throw unsuitable(
      `an input that takes one picture at a time or any number but '${input.name}' is ${tensorText(input)}, always ${batch}; export it with a dynamic batch or with 1`,
    );
  }
  return { name: input.name, type: input.type, ...layoutOf(input, rest) };
}

/** True if a dimension may hold the three colour channels. A dimension without a fixed size may. */
function mayBeChannels(dim: number | string | undefined): boolean {
  return dim === 3 || typeof dim === 'string';
}

function layoutOf(input: GraphValue, dims: readonly (number | string)[]): Pick<PictureInput, 'layout' | 'size'> {
  const [first, second, third] = dims;
  const layouts = [
    { layout: 'nchw' as const, sides: [second, third], possible: mayBeChannels(first), sure: first === 3 },
    { layout: 'nhwc' as const, sides: [first, second], possible: mayBeChannels(third), sure: third === 3 },
  ].filter(({ possible }) => possible);
  // A dimension of 3 is better evidence than an open one.
  const sure = layouts.filter((each) => each.sure);
  const [only, other] = sure.length > 0 ? sure : layouts;
  if (only === undefined) throw unsuitable(`three channels, RGB, but '${input.name}' is ${tensorText(input)}`);
  const sides = only.sides.filter((side) => typeof side === 'number');
  const [size = null] = sides;
  if (sides.some((side) => side !== size))
    throw unsuitable(`a square picture but '${input.name}' is ${tensorText(input)}`);
  return other === undefined ? { layout: only.layout, size } : { layout: null, size: null };
}

/** The outputs that may be logits: floats, a row for each picture. @throws UsageError `model-unsuitable` */
export function logitsCandidates(
  { outputs }: GraphDescription,
  { logits, width }: { readonly logits?: string | undefined; readonly width: number | null },
): readonly GraphValue[] {
  const list = outputs.map((each) => `'${each.name}' ${tensorText(each)}`).join(', ');
  const rows = outputs.filter((output) => isFloat(output) && isRow(output));
  if (rows.length === 0) throw unsuitable(`an output of float32 or float16 [batch, classes] but the graph has ${list}`);
  if (logits !== undefined) {
    const found = rows.find(({ name }) => name === logits);
    if (found !== undefined) return [found];
    throw unsuitable(`an output [batch, classes] called ${quote(logits)} for --logits but the graph has ${list}`);
  }
  const fitting = rows.filter((row) => width === null || outputWidth(row) === null || outputWidth(row) === width);
  if (fitting.length > 0) return fitting;
  throw new UsageError(
    `Expected an output with one value for each of the ${width} classes of the class list but the graph has ${list}; give the class list of this model with --classes`,
    { code: 'class-count' },
  );
}

function isRow({ shape }: GraphValue): boolean {
  return shape.length >= 2 && shape.slice(2).every((dim) => dim === 1);
}

/** Returns the facts that neither the file nor the user has stated, in the order in which to ask for them. */
export function unstatedFacts(
  graph: GraphDescription,
  given: GivenFacts,
  {
    input,
    width,
    fileStem,
  }: { readonly input: PictureInput; readonly width: number | null; readonly fileStem: string },
): Question[] {
  const size = input.size ?? given.size;
  const candidates = logitsCandidates(graph, { logits: given.logits, width });
  const hasThousand = graph.outputs.some((output) => outputWidth(output) === 1000);
  const facts: readonly [fact: keyof typeof TEXTS, isNeeded: boolean, suggestion: string | null][] = [
    ['layout', input.layout === null, 'nchw'],
    ['size', input.size === null, '224'],
    ['classes', true, hasThousand ? 'imagenet-1k' : null],
    ['logits', candidates.length > 1, candidates[0]?.name ?? null],
    ['normalise', input.type !== 'uint8', null],
    ['resize', true, size === undefined ? '256' : String(Math.round(size / 0.875))],
    ['name', true, fileStem === '' ? null : fileStem],
  ];
  const names = candidates.map(({ name }) => name).join(' or ');
  return facts
    .filter(([fact, isNeeded]) => isNeeded && given[fact] === undefined)
    .map(([fact, , suggestion]) => ({
      fact,
      text: fact === 'logits' ? `${TEXTS.logits}: ${names}` : TEXTS[fact],
      suggestion,
    }));
}

const TEXTS = {
  layout: 'nchw (channel after channel) or nhwc (pixel after pixel)',
  size: 'the side of the square input, in pixels',
  classes:
    'the classes in the order of the outputs: imagenet-1k, imagenet-a, imagenet-o, or a file with one wnid or name on each line',
  logits: 'the output with the logits',
  normalise: `how pixels become numbers: ${NORMALISATIONS}`,
  resize: "the photo's shorter side before the crop, in pixels",
  name: 'a name for the model',
} as const;

export function cardFileText(card: CardFile): string {
  return `# Written by \`winnow models add\`. What the keys mean: docs/models.md.\n${stringify(card, { flowCollectionPadding: true })}`;
}

function unsuitable(expected: string): UsageError {
  return new UsageError(`Expected ${expected}`, { code: 'model-unsuitable' });
}

export type Ask = (question: Question) => Promise<string>;

export interface Gathering {
  readonly graph: GraphDescription;
  readonly input: PictureInput;
  readonly workingDir: string;
  readonly source: string;
}

/** Asks for facts that no flag gives; without a terminal, throws one error that lists them all. */
export async function gather(
  { given: flags, ask }: { readonly given: GivenFacts; readonly ask: Ask | null },
  { graph, input, workingDir, source }: Gathering,
): Promise<{ given: GivenFacts; classes: ModelClasses }> {
  const table = await loadClassTable();
  let given: GivenFacts = { ...flags, name: flags.name ?? (ask === null ? stemOf(source) : undefined) };
  let classes: ModelClasses | null = null;
  for (;;) {
    if (classes === null && given.classes !== undefined)
      classes = await readModelClasses(path.resolve(workingDir, given.classes), given.classes, table);
    const facts = { input, width: classes?.count ?? null, fileStem: stemOf(source) };
    const questions = unstatedFacts(graph, given, facts);
    const [first] = questions;
    if (first === undefined) break;
    if (ask === null) throw missingFacts(questions);
    given = Object.assign({}, given, { [first.fact]: answerTo(first, await ask(first)) });
  }
  if (given.normalise !== undefined) parseNormalisation(given.normalise);
  if (classes === null) throw missingFacts([]);
  return { given, classes };
}

function answerTo(question: Question, answer: string): string | number {
  const text = answer.trim() === '' ? question.suggestion : answer.trim();
  if (text === null)
    throw new UsageError(`Expected ${question.text} but received nothing`, { code: 'model-facts-missing' });
  if (question.fact === 'layout' && text !== 'nchw' && text !== 'nhwc')
    throw new UsageError(`Expected nchw or nhwc but received ${quote(text)}`, { code: 'layout' });
  if (question.fact !== 'size' && question.fact !== 'resize') return text;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new UsageError(`Expected a number of pixels but received ${quote(text)}`, { code: 'pixels' });
}

function missingFacts(questions: readonly Question[]): UsageError {
  const list = questions.map(({ fact, text, suggestion }) => {
    const hint = suggestion === null ? '' : `; often ${suggestion}`;
    return `\n  --${fact}: ${text}${hint}`;
  });
  return new UsageError(
    `The file does not state these facts, and there is no terminal to ask on. Give them as flags:${list.join('')}`,
    { code: 'model-facts-missing' },
  );
}

function stemOf(file: string): string {
  return path
    .basename(file)
    .replace(/\.onnx$/i, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64);
}
