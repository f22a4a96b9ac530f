import path from 'node:path';
import { stringify } from 'yaml';
import { sha256Of } from '../../../core/tools/sha256.ts';
import { CLASS_LIST_NAMES, wnidsOf, type ClassTable } from '../../../core/collection/class-table.ts';
import type { HeadCardFile } from '../../../core/collection/cards/head-card.ts';
import { ADDED_CARD, LOCAL_MODELS } from '../../../core/collection/cards/model-card.process.ts';
import type { ModelCard } from '../../../core/collection/cards/model-card.ts';
import { linearLayerFile, type LinearLayer } from '../../../core/platform/onnx/safetensors.ts';
import { storeModel } from '../../../core/models/library/store.process.ts';
import { headPhotosFile, type HeadPhoto } from '../../../core/photo/head-photos.process.ts';
import { classListText } from './training-set.process.ts';

export interface HeadToStore {
  readonly name: string;
  readonly backbone: Pick<ModelCard, 'name' | 'sha256'>;
  readonly layer: LinearLayer;
  /** Names of folders, in the order of the layer's rows. */
  readonly classes: readonly string[];
  readonly licence: string;
  readonly source: string;
  readonly fit: NonNullable<HeadCardFile['fit']>;
  /** Those that it was fitted on. Null for a head that no photo was used for. */
  readonly photos: readonly HeadPhoto[] | null;
  /** The kind of its features and of its p. */
  readonly kind?: Pick<HeadCardFile['head'], 'normalise' | 'sigmoid' | 'text'>;
  /** Named in the card. */
  readonly command: string;
}

const CLASS_FILE = 'classes.txt';
const PHOTOS_FILE = 'photos.jsonl.gz';

/**
 * Stores a head as `models add` stores a model. Returns the absolute path of its card.
 * @throws UsageError `model-exists`, `models-folder`
 */
export async function storeHead(
  { name, backbone, layer, classes, licence, source, fit, photos, kind, command }: HeadToStore,
  { table, workingDir }: { readonly table: ClassTable; readonly workingDir: string },
): Promise<string> {
  const file = `${name}.head.safetensors`;
  const bytes = linearLayerFile(layer);
  const sha256 = sha256Of(bytes);
  const photosFile = photos === null ? null : await headPhotosFile(photos);
  const listName = CLASS_LIST_NAMES.find((each) => wnidsOf(each, table.rows).join() === classes.join());
  const card: HeadCardFile = {
    name,
    backbone: backbone.name,
    backboneSha256: backbone.sha256,
    head: { file, sha256, bytes: bytes.length, ...kind },
    ...(photosFile === null || photos === null
      ? {}
      : { references: { file: PHOTOS_FILE, sha256: sha256Of(photosFile), photos: photos.length } }),
    licence,
    source,
    classes: listName ?? CLASS_FILE,
    trained: true,
    fit,
  };
  const folder = path.join(workingDir, LOCAL_MODELS, name);
  await storeModel(folder, {
    [ADDED_CARD]: `# Written by \`${command}\`. What the keys mean: docs/models.md.\n${stringify(card, { flowCollectionPadding: true })}`,
    [file]: bytes,
    ...(photosFile === null ? {} : { [PHOTOS_FILE]: photosFile }),
    ...(listName === undefined ? { [CLASS_FILE]: classListText(classes, table) } : {}),
  });
  return path.join(folder, ADDED_CARD);
}
