import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'csv-parse';
import type { ModelCard } from '../../collection/cards/model-card.ts';
import type { ModelClasses } from '../../collection/cards/model-classes.ts';
import { packageRoot } from '../../config/root.ts';
import type { ModelInput } from '../evidence/member.ts';
import { PreparedPicture } from '../evidence/prepared-picture.ts';
import { argmax } from '../evidence/softmax.ts';
import { batchesOf } from '../../kernel/batches.ts';
import { Interrupted } from '../../kernel/errors.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import { decodeRgb } from '../../platform/image/inspect.ts';
import { areProbabilities } from '../../platform/onnx/model-format.ts';
import { openBackbone, type OpenBackbone } from '../engine/backbone.process.ts';
import { specOf } from '../engine/ensemble.process.ts';
import { judge, type Trial } from './judge-trial.ts';

/** Enough photos to tell a classifier from chance, and few enough to try a large model in a minute. */
const TRIAL_PHOTOS = 32;
/** More than one, because this shows whether a dynamic batch really works. */
const PHOTOS_PER_PASS = 3;
const CENTRE_CROP = 4;
const SAMPLES = path.join(packageRoot, 'assets', 'demo');

interface Sample {
  readonly file: string;
  /** The index of the correct output. Null if the model does not know the class. */
  readonly truth: number | null;
}

/**
 * Runs a model on the centre crops of some bundled samples, those of its own classes first.
 *
 * @throws StopTheRun as `openBackbone`; the error of ONNX Runtime for a graph that cannot run; Interrupted
 */
export async function tryModel(
  card: ModelCard,
  classes: ModelClasses,
  { provider = 'cpu', signal }: { readonly provider?: ExecutionProvider; readonly signal?: AbortSignal } = {},
): Promise<Trial> {
  const samples = await chooseSamples(classes);
  const spec = specOf(card, classes);
  const session = await openBackbone(spec.backbone, [spec.head], { provider });
  try {
    const rows: Float32Array[] = [];
    for (const batch of batchesOf(samples, PHOTOS_PER_PASS)) {
      if (signal?.aborted === true) throw new Interrupted();
      rows.push(...(await runOn(batch, spec.backbone.input, session)));
    }
    const answers = samples.map(({ truth }, i) => ({ truth, answer: argmax(rows[i] ?? []) }));
    const values = spec.head.values ?? 'logits';
    const isSoftmax =
      classes.count > 0 && areProbabilities(values === 'logits' ? rows : rows.map((row) => row.map(Math.exp)));
    return judge({ rows, answers, classes: Math.max(1, classes.count), isSoftmax });
  } finally {
    await session.close();
  }
}

async function runOn(samples: readonly Sample[], input: ModelInput, session: OpenBackbone): Promise<Float32Array[]> {
  const values = 3 * input.size ** 2;
  const tensor = new Float32Array(samples.length * values);
  for (const [i, { file }] of samples.entries()) {
    const picture = new PreparedPicture(await decodeRgb(await readFile(path.join(SAMPLES, file))), [input]);
    picture.fill({ tensor, offset: i * values }, input, CENTRE_CROP);
  }
  return (await session.run(tensor, samples.length)).flat();
}

async function chooseSamples(classes: ModelClasses): Promise<Sample[]> {
  const all: Sample[] = [];
  const rows = createReadStream(path.join(SAMPLES, 'labels.csv')).pipe(parse({ columns: true }));
  for await (const row of rows) {
    const { file, wnid, name, truth }: Record<string, string | undefined> = row;
    if (file === undefined || wnid === undefined || truth !== 'valid') continue;
    all.push({ file, truth: classes.positionOf({ wnid, name: name ?? wnid }) });
  }
  const known = spread(
    all.filter(({ truth }) => truth !== null),
    TRIAL_PHOTOS,
  );
  const others = all.filter(({ truth }) => truth === null);
  return [...known, ...spread(others, TRIAL_PHOTOS - known.length)];
}

function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]).filter(
    (item) => item !== undefined,
  );
}
