import { stringify } from 'yaml';
import { quote } from '../../config/quote.ts';
import { UsageError } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { outputWidth, tensorText, type GraphDescription, type GraphValue } from '../../platform/onnx/graph.ts';
import { NORMALISATIONS, parseNormalisation } from './normalisation.ts';

/** The facts that the user gave `models add` in flags and answers, as typed. */
export interface GivenFacts {
  readonly name?: string | undefined;
  readonly input?: string | undefined;
  readonly layout?: 'nchw' | 'nhwc' | undefined;
  readonly size?: number | undefined;
  readonly resize?: number | undefined;
  readonly normalise?: string | undefined;
  readonly logits?: string | undefined;
  readonly classes?: string | undefined;
  readonly licence?: string | undefined;
  readonly source?: string | undefined;
  readonly documentation?: string | undefined;
}

/** What the file itself says of its picture input. */
export interface PictureInput {
  readonly name: string;
  readonly type: 'float32' | 'uint8';
  /** Null if the dimensions do not decide it. */
  readonly layout: 'nchw' | 'nhwc' | null;
  /** In pixels. Null if the input accepts any size. */
  readonly size: number | null;
}

/** A missing fact. On a terminal the user is asked with a suggestion; elsewhere the message names the missing flag. */
export interface Question {
  readonly fact: keyof GivenFacts;
  readonly flag: string;
  readonly text: string;
  /** What an empty answer means. Null: the question must be answered. */
  readonly suggestion: string | null;
}

/**
 * Returns the one picture input of a classifier.
 *
 * @throws UsageError `model-unsuitable` with the reason if there is no such input
 */
export function pictureInputOf({ inputs }: GraphDescription): PictureInput {
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    const list = inputs.map((each) => `'${each.name}' ${tensorText(each)}`).join(', ');
    throw unsuitable(`one input, a picture, but the graph has ${inputs.length} (${list})`);
  }
  if (input.type !== 'float32' && input.type !== 'uint8')
    throw unsuitable(
      `an input of float32 or uint8 but '${input.name}' is ${tensorText(input)}; export it with one of these`,
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

/** Whether a dimension may hold the three colour channels. An open dimension may. */
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

/**
 * Returns the outputs that may be the logits: float32, with one row for each picture.
 *
 * @param width the length of the class list, if known
 * @throws UsageError `model-unsuitable` if there is no such output, or not the requested one
 */
export function logitsCandidates(
  { outputs }: GraphDescription,
  { logits, width }: { readonly logits?: string | undefined; readonly width: number | null },
): readonly GraphValue[] {
  const list = outputs.map((each) => `'${each.name}' ${tensorText(each)}`).join(', ');
  const rows = outputs.filter((output) => output.type === 'float32' && isRow(output));
  if (rows.length === 0) throw unsuitable(`an output of float32 [batch, classes] but the graph has ${list}`);
  if (logits !== undefined) {
    const found = rows.find(({ name }) => name === logits);
    if (found !== undefined) return [found];
    throw unsuitable(
      `an output float32 [batch, classes] called ${quote(logits)} for --logits but the graph has ${list}`,
    );
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
export function openQuestions(
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
  const questions: (Question & { readonly needed: boolean })[] = [
    question('layout', 'nchw (channel after channel) or nhwc (pixel after pixel)', {
      needed: input.layout === null,
      suggestion: 'nchw',
    }),
    question('size', 'the side of the square input, in pixels', { needed: input.size === null, suggestion: '224' }),
    question(
      'classes',
      'the classes in the order of the outputs: imagenet-1k, imagenet-a, imagenet-o, or a file with one wnid or name on each line',
      { needed: true, suggestion: hasThousand ? 'imagenet-1k' : null },
    ),
    question('logits', `the output with the logits: ${candidates.map(({ name }) => name).join(' or ')}`, {
      needed: candidates.length > 1,
      suggestion: candidates[0]?.name ?? null,
    }),
    question('normalise', `how pixels become numbers: ${NORMALISATIONS}`, {
      needed: input.type === 'float32',
      suggestion: null,
    }),
    question('resize', "the photo's shorter side before the crop, in pixels", {
      needed: true,
      suggestion: size === undefined ? '256' : String(Math.round(size / 0.875)),
    }),
    question('name', 'a name for the model', { needed: true, suggestion: fileStem === '' ? null : fileStem }),
  ];
  return questions.filter(({ fact, needed }) => needed && given[fact] === undefined);
}

function question(
  fact: keyof GivenFacts,
  text: string,
  { needed, suggestion }: { readonly needed: boolean; readonly suggestion: string | null },
): Question & { readonly needed: boolean } {
  return { fact, flag: `--${fact}`, text, suggestion, needed };
}

/** The facts that a new card contains. */
export interface DraftFacts {
  readonly name: string;
  readonly file: string;
  readonly sha256: Sha256;
  readonly bytes: number;
  readonly licence: string;
  readonly source: string;
  /** URL of the page that documents the preprocessing. */
  readonly documentation?: string | undefined;
  readonly input: { readonly name: string; readonly type: 'float32' | 'uint8'; readonly layout: 'nchw' | 'nhwc' };
  readonly size: number;
  readonly resize: number;
  /** As typed. Null for a uint8 input. */
  readonly normalise: string | null;
  readonly logits: string;
  readonly values: 'logits' | 'probabilities';
  readonly classes: string;
  readonly trained: boolean;
}

/** Returns the text of a new card. */
export function cardText(facts: DraftFacts): string {
  const { name, file, sha256, bytes, licence, source, documentation, input, size, resize, normalise, logits, values } =
    facts;
  const card = {
    name,
    file,
    sha256,
    bytes,
    licence,
    source,
    ...(documentation === undefined ? {} : { documentation }),
    input: { name: input.name, size, layout: input.layout, type: input.type },
    resize: { shorterSide: resize, interpolation: 'bilinear-antialias' },
    ...(normalise === null ? {} : { normalise: parseNormalisation(normalise) }),
    outputs: { logits, values },
    classes: facts.classes,
    trained: facts.trained,
  };
  return `# Written by \`winnow models add\`. What the keys mean: README.md, "Models".\n${stringify(card, { flowCollectionPadding: true })}`;
}

function unsuitable(expected: string): UsageError {
  return new UsageError(`Expected ${expected}`, { code: 'model-unsuitable' });
}
