import { cardFor, type FoundCard } from '../../../core/collection/cards/model-card.process.ts';
import { loadClassTable } from '../../../core/collection/class-table.process.ts';
import { displayPath, workingFolder } from '../../../core/config/root.ts';
import { sha256Of } from '../../../core/tools/sha256.ts';
import { batchesOf } from '../../../core/kernel/batches.ts';
import { throwIfInterrupted, UsageError } from '../../../core/kernel/errors.ts';
import { freeName } from '../../../core/models/library/add.process.ts';
import { openEmbedder, type TextOfCard } from '../../../core/models/text/embed.process.ts';
import { promptOf, readTemplates } from './templates.process.ts';
import { unitOf } from '../../../core/platform/onnx/head.ts';
import type { LinearLayer } from '../../../core/platform/onnx/safetensors.ts';
import { readTextClasses, type TextClasses } from './text-classes.process.ts';
import { storeHead, type HeadToStore } from '../finetune/head-files.process.ts';

export interface TextHeadRequest {
  readonly card: string;
  /** A list's name, a file with one class on each line as for `models add`, or names with commas between them. */
  readonly classes: string;
  readonly name: string;
  /** Null for those of the card. */
  readonly templates: string | null;
  /** Null for the card's. */
  readonly scale: number | null;
  readonly bias: number | null;
  readonly workingDir?: string;
}

export interface TextHeadOptions {
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

export interface TextHead {
  readonly name: string;
  readonly card: string;
  readonly classes: number;
  readonly templates: number;
  readonly prompts: number;
  /** The first prompt of the first classes. */
  readonly examples: readonly string[];
  readonly isSigmoid: boolean;
  readonly scale: number;
  readonly bias: number;
}

const PROMPTS_PER_PASS = 16;
const EXAMPLES = 3;

/**
 * Makes a head from text and stores it (open_clip's zero-shot recipe): the row of a class is the mean of the normalised embeddings
 * of its prompts, normalised again, times the model's scale. The bias of each row is the model's.
 *
 * @throws UsageError `no-text-tower`, `no-scale`, and as `readTemplates`, `readTextClasses`, `tokenizerOf`; StopTheRun as `openTextTower`;
 * Interrupted
 */
export async function makeTextHead(request: TextHeadRequest, options: TextHeadOptions): Promise<TextHead> {
  const { workingDir = workingFolder() } = request;
  const table = await loadClassTable();
  const name = await freeName(request.name, workingDir);
  const card = await cardFor(request.card, workingDir);
  const recipe = await recipeOf(request, card, displayPath(card.cardFile, workingDir));
  const classes = await readTextClasses(request.classes, table);
  const prompts = classes.names.map((each) => recipe.templates.map((template) => promptOf(template, each)));
  const layer = layerOf(await embedded(recipe.text, prompts, options), recipe);
  const stored = await storeHead(headOf(recipe, classes, { name, card, layer }), { table, workingDir });
  const { text, templates, scale, bias } = recipe;
  return {
    name,
    card: stored,
    classes: classes.names.length,
    templates: templates.length,
    prompts: prompts.flat().length,
    examples: prompts.slice(0, EXAMPLES).flatMap(([first = '']) => [first]),
    isSigmoid: text.sigmoid === true,
    scale,
    bias,
  };
}

interface Recipe {
  readonly text: TextOfCard;
  readonly templatesName: string;
  readonly templates: readonly string[];
  readonly scale: number;
  readonly bias: number;
}

async function recipeOf(request: TextHeadRequest, card: FoundCard, shown: string): Promise<Recipe> {
  const { text } = card;
  if (text === undefined) throw noTower(request.card, card, shown);
  const scale = request.scale ?? text.scale;
  const bias = request.bias ?? text.bias ?? (text.sigmoid === true ? undefined : 0);
  if (scale === undefined || bias === undefined) throw noScale(request.card, shown);
  const templatesName = request.templates ?? text.templates ?? 'openai-80';
  return { text, templatesName, templates: await readTemplates(templatesName), scale, bias };
}

function headOf(
  { text, templates, templatesName, scale, bias }: Recipe,
  { lines }: TextClasses,
  { name, card, layer }: Pick<HeadToStore, 'name' | 'layer'> & { readonly card: FoundCard },
): HeadToStore {
  return {
    name,
    backbone: card,
    layer,
    classes: lines,
    licence: card.licence,
    source: `winnow models text: a head from the text tower of ${card.name}, with ${templates.length} templates (${templatesName}) for each of ${lines.length} classes. No photo was used`,
    fit: {
      templates: templatesName,
      templatesSha256: sha256Of(templates.join('\n')),
      scale,
      bias,
      textSha256: text.sha256,
      tokenizerSha256: text.tokenizer.sha256,
    },
    photos: null,
    kind: { text: true, normalise: true, ...(text.sigmoid === true ? { sigmoid: true } : {}) },
    command: 'winnow models text',
  };
}

/** For each class the normalised mean of its prompts' normalised embeddings. The mean has the direction of the sum. */
async function embedded(
  text: TextOfCard,
  prompts: readonly (readonly string[])[],
  { threads, signal, onProgress }: TextHeadOptions,
): Promise<Float32Array[]> {
  const total = prompts.flat().length;
  const embedder = await openEmbedder(text, threads);
  try {
    const rows: Float32Array[] = [];
    let done = 0;
    for (const ofClass of prompts) {
      const units: Float32Array[] = [];
      for (const batch of batchesOf(ofClass, PROMPTS_PER_PASS)) {
        throwIfInterrupted(signal);
        units.push(...(await embedder.embed(batch)).map(unitOf));
        done += batch.length;
        onProgress(done, total);
      }
      rows.push(unitOf(Float32Array.from(sumOf(units))));
    }
    return rows;
  } finally {
    await embedder.close();
  }
}

function sumOf(rows: readonly Float32Array[]): Float64Array {
  const total = new Float64Array(rows[0]?.length ?? 0);
  for (const row of rows) for (const [i, value] of row.entries()) total[i] = (total[i] ?? 0) + value;
  return total;
}

function layerOf(rows: readonly Float32Array[], { scale, bias }: Recipe): LinearLayer {
  const weight = rows.flatMap((row) => Array.from(row, (value) => scale * value));
  return { weight: Float32Array.from(weight), bias: Float32Array.from(rows, () => bias) };
}

function noTower(name: string, { backbone }: FoundCard, shown: string): UsageError {
  const advice =
    backbone === undefined
      ? 'Give one of the CLIP or SigLIP kind (`winnow models list`), or write a card for one (docs/models.md)'
      : `It is a head over '${backbone}'; give that`;
  return new UsageError(
    `Expected a model with a text tower for --card but ${shown} of '${name}' has no 'text'. ${advice}`,
    {
      code: 'no-text-tower',
    },
  );
}

function noScale(name: string, shown: string): UsageError {
  return new UsageError(
    `Expected the scale and the bias of '${name}', which are weights of the model, but 'text' of its card (${shown}) lacks them. Give --scale and --bias. PyTorch prints them: model.logit_scale.exp() and model.logit_bias`,
    { code: 'no-scale' },
  );
}
