import type { ModelCard } from '../../collection/cards/model-card.ts';
import type { ModelClasses } from '../../collection/cards/model-classes.ts';
import { notFiniteText } from '../../models/evidence/softmax.ts';
import type { UnreadablePhoto } from '../../models/evidence/crop-stream.process.ts';
import { Interrupted, UsageError } from '../../kernel/errors.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { BlobPlace } from '../../platform/blobs/blob-place.ts';
import { backboneOf, headOf } from '../../models/engine/ensemble.process.ts';
import type { OutputsResult, OutputsSpec, OutputsTask } from './messages.ts';
import type { HeadSpec } from '../../models/engine/spec.ts';
import { ThreadPool } from './thread-pool.process.ts';

/** `logits` [classes], pooled `features` [d], or `featureMap` [d, h, w] in this order: whichever of them the card names. */
export type OutputName = 'logits' | 'features' | 'featureMap';

export interface PictureBytes {
  readonly sha256: Sha256;
  readonly bytes?: Uint8Array | undefined;
}

interface RunSettings {
  /** The model. If it has a head, `logits` are those of the head. */
  readonly card: ModelCard;
  /** The classes of the model. If given, the number of logits is checked when the model is loaded. */
  readonly classes?: Pick<ModelClasses, 'count'> | undefined;
  readonly outputs: readonly OutputName[];
  readonly crops: readonly number[];
  readonly threads: number;
  readonly cropsPerPass: number;
  readonly provider?: ExecutionProvider;
  /** Each crop also runs with parts hidden, on a grid with so many fields per side. Only with the output `logits`. */
  readonly occlusionGrid?: number;
  readonly signal: AbortSignal;
}

export interface BackboneRun extends RunSettings {
  readonly photos: Iterable<Sha256>;
  readonly blobs: BlobPlace;
}

export interface PicturesRun<P extends PictureBytes> extends RunSettings {
  /** Read one by one, as the threads need them. */
  readonly pictures: Iterable<P> | AsyncIterable<P>;
  readonly blobs?: BlobPlace | undefined;
}

export interface OutputsOfCrop extends Readonly<Partial<Record<OutputName, Float32Array>>> {
  readonly crop: number;
  /** Logits with each part hidden, row by row of the grid. Absent without `occlusionGrid`. */
  readonly occluded?: readonly Float32Array[];
}

interface NotFiniteOutputs {
  readonly kind: 'not-finite';
  readonly output: OutputName;
  readonly crop: number;
  readonly said: string;
}

export type PhotoOutputs =
  | { readonly sha256: Sha256; readonly problem: null; readonly crops: readonly OutputsOfCrop[] }
  | { readonly sha256: Sha256; readonly problem: UnreadablePhoto | NotFiniteOutputs };

export async function* runBackbone({ photos, ...run }: BackboneRun): AsyncGenerator<PhotoOutputs, void, undefined> {
  for await (const { outputs } of runOnPictures({ ...run, pictures: picturesOf(photos) })) yield outputs;
}

function* picturesOf(photos: Iterable<Sha256>): Generator<PictureBytes, void, undefined> {
  for (const sha256 of photos) yield { sha256 };
}

/**
 * Uses the filter's threads, pixels and session settings, so the numbers are those that the filter sees. Results come in the
 * order of the pictures. It works only as far ahead as the threads need, even if the results are read slowly.
 *
 * @throws UsageError `no-output` if the card names no such output; StopTheRun if the model cannot be loaded; RetryLater if
 * a photo may be readable later; Interrupted between two photos, once the signal is aborted; what `pictures` throws
 */
export async function* runOnPictures<P extends PictureBytes>(
  run: PicturesRun<P>,
): AsyncGenerator<{ readonly picture: P; readonly outputs: PhotoOutputs }, void, undefined> {
  const { crops, threads, signal } = run;
  if (signal.aborted) throw new Interrupted();
  const pool = new ThreadPool<OutputsTask, OutputsResult>({ kind: 'outputs', spec: specOfRun(run) });
  const stop = (): void => pool.requestStop();
  await pool.start(threads);
  signal.addEventListener('abort', stop, { once: true });
  const pictures = oneByOne(run.pictures);
  try {
    const inFlight: { readonly picture: P; readonly result: Promise<OutputsResult | undefined> }[] = [];
    const add = async (): Promise<boolean> => {
      const { done, value: picture } = await pictures.next();
      if (done === true) return false;
      const { sha256, bytes } = picture;
      const result = pool.evaluate([{ sha256, bytes, crops }]).then(([given]) => given);
      // An error is thrown when the photo's turn comes.
      result.catch(() => undefined);
      inFlight.push({ picture, result });
      return true;
    };
    while (inFlight.length < threads * pool.photosPerThread && (await add()));
    for (let next = inFlight.shift(); next !== undefined; next = inFlight.shift()) {
      const { picture } = next;
      const result = await next.result;
      if (signal.aborted) throw new Interrupted();
      yield { picture, outputs: outputsOf(picture.sha256, result, run) };
      await add();
    }
    if (signal.aborted) throw new Interrupted();
  } finally {
    signal.removeEventListener('abort', stop);
    // The reader may have left early. Photos in flight then end with what they have.
    pool.requestStop();
    await pool.close();
    await pictures.return();
  }
}

async function* oneByOne<P>(pictures: Iterable<P> | AsyncIterable<P>): AsyncGenerator<P, void, undefined> {
  yield* pictures;
}

function specOfRun(run: PicturesRun<PictureBytes>): OutputsSpec {
  const { card, classes, outputs, cropsPerPass, provider, occlusionGrid } = run;
  const heads = outputs.map((output) => headFor(card, output, classes?.count));
  const blobs = run.blobs ?? { kind: 'folder', folder: '' };
  return { backbone: backboneOf(card), heads, cropsPerPass, blobs, provider, occlusionGrid };
}

function headFor(card: ModelCard, output: OutputName, classes: number | undefined): HeadSpec {
  if (output === 'logits') return { ...headOf(card), classes };
  const name = card.outputs[output];
  if (name !== undefined) return { output: name };
  throw new UsageError(
    `Expected a model whose card names an output '${output}' but the card of '${card.name}' names none`,
    {
      code: 'no-output',
    },
  );
}

const NOUNS = { logits: 'class', features: 'feature', featureMap: 'value' } as const;

function outputsOf(
  sha256: Sha256,
  result: OutputsResult | undefined,
  { outputs, crops, occlusionGrid }: RunSettings,
): PhotoOutputs {
  const { rows = [], problem = null } = result ?? {};
  if (problem !== null) return { sha256, problem };
  for (const [i, row] of rows.entries()) {
    for (const [at, output] of outputs.entries()) {
      const said = notFiniteText(row[at] ?? new Float32Array(), NOUNS[output]);
      if (said !== null) return { sha256, problem: { kind: 'not-finite', output, crop: crops[i] ?? -1, said } };
    }
  }
  const given = rows.map((row, i) => ({
    crop: crops[i] ?? -1,
    ...(occlusionGrid === undefined ? {} : { occluded: row.slice(outputs.length) }),
    ...Object.fromEntries(outputs.map((output, at) => [output, row[at] ?? new Float32Array()])),
  }));
  return { sha256, problem: null, crops: given };
}
