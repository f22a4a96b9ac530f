import { cardFor } from '../../collection/model-card.process.ts';
import type { ModelCard } from '../../collection/model-card.ts';
import { registerBackbone, storeFeatures, withoutFeatures } from '../../evidence/feature.repository.ts';
import { storedFeature, type StoredFeature } from '../../evidence/feature.ts';
import { preprocessingVersion, type ModelInput } from '../../evidence/member.ts';
import { notFiniteText } from '../../evidence/not-finite.ts';
import { PreparedPicture } from '../../evidence/prepared-picture.ts';
import { LOST_BYTES_CURE, LostBytes } from '../../kernel/blobs.ts';
import { GiveUpOnItem, Interrupted, UsageError, messageOf } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { useDecoded } from '../../platform/image/inspect.ts';
import { openSession, type OnnxSession } from '../../platform/onnx/session.ts';
import { keptPhotos } from '../../shortlist/shortlist.repository.ts';
import { modelBroken, PHOTOS_OF_UNKNOWN } from '../engine/model-health.ts';
import type { Workspace } from '../open/workspace.ts';

export interface FeaturePassOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

const CENTRE = 4;
/** Photos in one forward pass, and in one statement. */
const PHOTOS_AT_ONCE = 8;

/**
 * Sees to it that every kept photo has its features: the centre crop through the first member that gives any. What is
 * stored is not computed again. One thread: kept photos are few.
 *
 * @returns the id of the backbone
 * @throws UsageError if no member gives features; StopTheRun if it gives none of its first photos that are finite numbers;
 *   Interrupted, with what was computed stored
 */
export async function computeFeatures(workspace: Workspace, options: FeaturePassOptions): Promise<number> {
  const { app, scope } = workspace;
  const { card, output } = await backboneOf(workspace);
  const input = inputOf(card);
  const identity = { modelName: card.name, modelSha256: card.sha256, preprocessing: preprocessingVersion(input) };
  const backboneId = await registerBackbone(app.db, identity, output);
  const kept = [...new Set((await keptPhotos(app.db, scope)).map(({ sha256 }) => sha256))];
  const lacking = await withoutFeatures(app.db, backboneId, kept);
  const photos = kept.filter((sha256) => lacking.has(sha256));
  if (photos.length === 0) return backboneId;
  const session = await openSession({
    file: card.path,
    sha256: card.sha256,
    inputName: card.input.name,
    logitsName: output,
    size: input.size,
    // Of the input alone: features are neither logits nor probabilities, and as many as they are.
    format: { layout: card.input.layout, type: card.input.type },
  });
  // Where other photos have theirs, the model is not to blame however many have none.
  const work = { workspace, session, input, name: card.name, isSound: lacking.size < kept.length, notFinite: 0 };
  try {
    for (let i = 0; i < photos.length; i += PHOTOS_AT_ONCE) {
      if (options.signal.aborted) throw new Interrupted();
      const batch = photos.slice(i, i + PHOTOS_AT_ONCE);
      await storeFeatures(app.db, backboneId, await featuresOf(batch, work));
      options.onProgress({ done: i + batch.length, total: photos.length });
    }
  } finally {
    await session.close();
  }
  return backboneId;
}

async function backboneOf({ collection }: Workspace): Promise<{ card: ModelCard; output: string }> {
  for (const name of collection.ensemble) {
    const card = await cardFor(name);
    if (card.outputs.features !== undefined) return { card, output: card.outputs.features };
  }
  throw new UsageError(
    `Expected a model with the output 'features' in the ensemble of '${collection.name}' for policy.nearDuplicateCosine but none of ${collection.ensemble.join(', ')} has one: choose another model, or null`,
    { code: 'no-features' },
  );
}

function inputOf({ input, resize, normalise }: ModelCard): ModelInput {
  return { size: input.size, shorterSide: resize.shorterSide, mean: normalise.mean, std: normalise.std };
}

interface FeatureWork {
  readonly workspace: Workspace;
  readonly session: OnnxSession;
  readonly input: ModelInput;
  /** Of the model. */
  readonly name: string;
  /** Whether it has given finite features of any photo. */
  isSound: boolean;
  /** Photos that it has not. */
  notFinite: number;
}

/** Photos that cannot be read any more have none (winnow doctor --deep says why), and those that the model has no numbers for. */
async function featuresOf(photos: readonly Sha256[], work: FeatureWork): Promise<ReadonlyMap<Sha256, StoredFeature>> {
  const { workspace, session, input } = work;
  const floats = 3 * input.size ** 2;
  const tensor = new Float32Array(photos.length * floats);
  const read: Sha256[] = [];
  for (const sha256 of photos) {
    const picture = await pictureOf(sha256, { workspace, input });
    if (picture === null) continue;
    picture.fill({ tensor, offset: read.length * floats }, input, CENTRE);
    read.push(sha256);
  }
  if (read.length === 0) return new Map();
  const rows = await session.run(tensor.slice(0, read.length * floats), read.length);
  const given = read.flatMap((sha256, i) =>
    rows[i] === undefined ? [] : [{ sha256, row: rows[i], said: notFiniteText(rows[i], 'feature') }],
  );
  // Of the whole batch before anything is given up: one photo with features shows that the model is not to blame.
  work.isSound ||= given.some(({ said }) => said === null);
  for (const { sha256, said } of given) if (said !== null) giveUpOn(sha256, said, work);
  return new Map(given.flatMap(({ sha256, row, said }) => (said === null ? [[sha256, storedFeature(row)]] : [])));
}

/** @throws StopTheRun `model-output` if it is the model that is to blame */
function giveUpOn(sha256: Sha256, said: string, work: FeatureWork): void {
  const { name, workspace } = work;
  const detail = `its features are not finite on crop ${CENTRE} (${said})`;
  work.notFinite += 1;
  if (!work.isSound && work.notFinite >= PHOTOS_OF_UNKNOWN)
    throw modelBroken({ name, photos: work.notFinite, sha256, detail });
  workspace.app.log.warn({ sha256, model: name, reason: detail }, 'a kept photo has no features');
}

async function pictureOf(
  sha256: Sha256,
  { workspace: { app }, input }: { workspace: Workspace; input: ModelInput },
): Promise<PreparedPicture | null> {
  try {
    return await useDecoded(await app.blobs.read(sha256), (image) => new PreparedPicture(image, [input]));
  } catch (error) {
    if (!(error instanceof GiveUpOnItem || error instanceof LostBytes)) throw error;
    const cure = error instanceof LostBytes ? `; ${LOST_BYTES_CURE}` : '';
    app.log.warn({ sha256, reason: messageOf(error) }, `a kept photo has no features: its bytes cannot be read${cure}`);
    return null;
  }
}
