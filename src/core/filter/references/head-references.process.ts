import { inBatches } from '../../kernel/batches.ts';
import { cardFor } from '../../collection/cards/model-card.process.ts';
import type { ModelCard } from '../../collection/cards/model-card.ts';
import { UsageError } from '../../kernel/errors.ts';
import { LEAK_DISTANCE } from '../../photo/known-pictures.ts';
import {
  beginWalk,
  completeSets,
  holdPictures,
  type ReferencePicture,
  type ReferenceSet,
} from '../../photo/reference-set.repository.ts';
import type { App } from '../../runtime/open/app.process.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { readHeadPhotos } from '../../photo/head-photos.process.ts';
import { completeLeaks } from './references.process.ts';

const PAGE_SIZE = 500;
const SHOWN_DIGITS = 16;

type Opened = Pick<Workspace, 'app' | 'collection' | 'scope'>;

/**
 * Candidates that match a photo that one of the collection's heads was fitted on are dropped. Heads are members, or models of
 * `review.outsideModels`. Their sets stay until `winnow references remove`.
 *
 * @throws UsageError `head-photos`; StopTheRun `reference-set-removed`; the signal's reason
 */
export async function holdHeadReferences({ app, collection, scope }: Opened, signal: AbortSignal): Promise<void> {
  const names = new Set([...collection.ensemble, ...app.config.review.outsideModels]);
  for (const name of names) {
    const card = await cardFor(name).catch((error: unknown) => {
      if (!(error instanceof UsageError)) throw error;
      // A machine that works with the catalogue's rules may lack the card. A command where the head is stores the set.
      app.log.warn(
        { model: name, reason: error.message },
        'whether the model was fitted on photos is unknown here, so candidates that are among them are dropped only if a filter or shortlist ran where the model is',
      );
      return null;
    });
    if (card?.head === undefined || card.head.text === true) continue;
    if (card.references === undefined)
      app.log.warn(
        { model: name },
        'unknown which photos the head was fitted on, so candidates that are among them are not dropped: fit it again with winnow finetune',
      );
    else await holdHead({ app, collection, scope }, { ...card, references: card.references }, signal);
  }
}

type HeadCard = Parameters<typeof readHeadPhotos>[0] & ModelCard;

async function holdHead(
  { app, collection, scope: { collectionId } }: Opened,
  card: HeadCard,
  signal: AbortSignal,
): Promise<void> {
  const { name, references } = card;
  const folder = `head ${name} in ${collection.name}, photos ${references.sha256.slice(0, SHOWN_DIGITS)}`;
  const complete = await completeSets(app.db, 'leaks');
  if (complete.some((set) => set.folder === folder && set.collectionId === collectionId)) return;
  const set = await beginWalk(app.db, { folder, purpose: 'leaks', distance: LEAK_DISTANCE, collectionId });
  const held = await holdPhotos(app, set, card);
  const counts = { seen: held, held, unchanged: 0, unreadable: {} };
  const { leaks, overruled } = await completeLeaks(app, set, { signal, counts });
  app.log.info(
    { model: name, pictures: held, leaks, decisions: overruled },
    'photos that the head was fitted on are a reference set of the collection now',
  );
}

async function holdPhotos({ db }: App, set: ReferenceSet, card: HeadCard): Promise<number> {
  let held = 0;
  for await (const photos of inBatches(readHeadPhotos(card), PAGE_SIZE)) {
    const pictures = photos.map(({ path, sha256, originalSha256, perceptualHash, fineHash }): ReferencePicture => {
      // The folder of photos may be gone, so the file is never compared again.
      const version = { path, bytes: 0, changedUs: 0 };
      return { ...version, sha256: originalSha256 ?? sha256, perceptualHash, fineHash };
    });
    await holdPictures(db, set, pictures);
    held += pictures.length;
  }
  return held;
}
