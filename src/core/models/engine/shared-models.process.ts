import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ModelCard } from '../../collection/cards/model-card.ts';
import { orLoss, LostBytes, type BlobStore } from '../../kernel/blobs.ts';
import { UsageError } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { sha256Of } from '../../tools/sha256.ts';
import { MODELS, type BlobPlace } from '../../platform/blobs/blob-place.ts';
import { openBlobs } from '../../platform/blobs/open-blobs.ts';
import { replaceFile } from '../../platform/disk/replace-file.ts';
import type { MemberSpec } from './spec.ts';

interface ModelStore {
  readonly dataDir: string;
  readonly blobPlace: BlobPlace;
}

export function modelPlaceOf(dataDir: string): (named: Pick<ModelCard, 'file' | 'sha256'>) => string {
  return ({ file, sha256 }) => path.join(dataDir, MODELS, `${sha256}${path.extname(file)}`);
}

/**
 * The members with paths of files that exist on this machine. Where photos are in S3, model files are stored there too, under their
 * hashes: a file that this machine has is uploaded once, and one that it lacks is fetched and kept in the data folder. Files that
 * are nowhere keep their paths.
 */
export async function sharedModels(store: ModelStore, members: readonly MemberSpec[]): Promise<readonly MemberSpec[]> {
  const { dataDir, blobPlace } = store;
  if (blobPlace.kind === 'folder') return members;
  const models = await openBlobs({ ...blobPlace, prefix: `${blobPlace.prefix}${MODELS}/` });
  try {
    return await Promise.all(
      members.map(async (member): Promise<MemberSpec> => {
        const externalData = await Promise.all(
          (member.backbone.externalData ?? []).map(async (one) => ({
            ...one,
            file: await shared(one, { dataDir, models }),
          })),
        );
        const backboneFile = await shared(member.backbone, { dataDir, models });
        const backbone = { ...member.backbone, file: backboneFile, externalData };
        const { layer } = member.head;
        if (layer === undefined) return { ...member, backbone };
        const file = await shared(layer, { dataDir, models });
        return { ...member, backbone, head: { ...member.head, layer: { ...layer, file } } };
      }),
    );
  } finally {
    await models.close();
  }
}

async function shared(
  { file, sha256 }: { readonly file: string; readonly sha256: Sha256 },
  { dataDir, models }: { readonly dataDir: string; readonly models: BlobStore },
): Promise<string> {
  const kept = modelPlaceOf(dataDir)({ file, sha256 });
  if (existsSync(file)) {
    if ((await models.sizeOf(sha256)) !== null) return file;
    const bytes = await readFile(file);
    // A file with other bytes is refused when it is loaded.
    if (sha256Of(bytes) === sha256) await models.put(sha256, bytes);
    return file;
  }
  if (existsSync(kept)) return kept;
  const bytes = await orLoss(models.read(sha256));
  if (bytes instanceof LostBytes && bytes.kind === 'missing') return file;
  if (bytes instanceof LostBytes) throw otherBytes(bytes);
  await mkdir(path.dirname(kept), { recursive: true });
  await replaceFile(kept, bytes);
  return kept;
}

function otherBytes({ message }: LostBytes): UsageError {
  return new UsageError(
    `The model file in S3 cannot be used: ${message}. Delete it there. A filter on a machine that has the file stores it again.`,
    { code: 'model-bytes' },
  );
}
