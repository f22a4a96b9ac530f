import type { Kysely, Transaction } from 'kysely';
import { decidedClasses } from '../run/decision.repository.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import { storedPages, type StoredPhoto } from './stored-page.repository.ts';
import { readEvidenceUnder, readStored, type Reading } from './policy-readings.ts';
import { findRelatedMembers, readKnown } from '../../models/evidence/related-members.repository.ts';
import type { RelatedMember } from '../../models/evidence/related-members.ts';
import {
  WhatIfTally,
  type ChangedPhoto,
  type WhatIfGrid,
  type WhatIfSetting,
  type WhatIfState,
} from './what-if-tally.ts';
import { Interrupted } from '../../kernel/errors.ts';
import { groupBy } from '../../kernel/group-by.ts';
import type { Wnid } from '../../kernel/ids.ts';
import { readFineHashes } from '../../photo/photo.repository.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { readSnapshot } from '../../platform/postgres/transactions.ts';
import type { FilterPolicy } from '../rule/policy.ts';
import { hashedPhotos, type HashedPhoto } from '../../photo/reference-set.repository.ts';

export interface WhatIfSource {
  readonly db: Kysely<Database>;
  readonly scope: DecisionScope;
  readonly memberIds: readonly number[];
}

export interface WhatIfOptions {
  readonly grid: WhatIfGrid;
  readonly samples: number;
  readonly signal: AbortSignal;
}

export interface WhatIf {
  readonly photos: number;
  readonly present: Readonly<Record<WhatIfState, number>>;
  /** The classes or concepts that the photos are candidates of, in the order of each setting's `bySubject`. */
  readonly subjects: readonly Wnid[];
  readonly settings: readonly WhatIfSetting[];
  readonly samples: readonly (ChangedPhoto & { readonly sha256: string })[];
  readonly undecidedIds: readonly number[];
}

const WITH_LOGITS_AT_ONCE = 64;

/** Reads one snapshot of the stored evidence. Runs no model and writes nothing. */
export async function whatIf(source: WhatIfSource, options: WhatIfOptions): Promise<WhatIf> {
  const { tally, subjects, samples } = await readTally(source, options);
  tally.setFineHashes(await readFineHashes(source.db, tally.toConfirm()));
  return {
    photos: tally.photos,
    present: tally.present,
    subjects,
    settings: tally.settings(),
    samples,
    undecidedIds: tally.undecidedIds,
  };
}

function readTally(
  { db, scope, memberIds }: WhatIfSource,
  { grid, samples, signal }: WhatIfOptions,
): Promise<Pick<WhatIf, 'subjects' | 'samples'> & { readonly tally: WhatIfTally }> {
  return readSnapshot(db, async (trx) => {
    const subjects = await decidedClasses(trx, scope);
    const related = await findRelatedMembers(trx, memberIds);
    const tally = new WhatIfTally(grid, subjects.length, samples);
    for await (const photos of storedPages(trx, scope, { memberIds, related, subjects })) {
      if (signal.aborted) throw new Interrupted();
      await addPage(trx, photos, { tally, grid, memberIds, related });
    }
    const changed = tally.samples();
    const marks = await marksOf(trx, changed);
    const shown = changed.map((photo) => ({ ...photo, sha256: marks.get(photo.photoId)?.sha256 ?? '' }));
    return { tally, subjects, samples: shown };
  });
}

async function marksOf(
  trx: Transaction<Database>,
  photos: readonly { readonly photoId: number }[],
): Promise<ReadonlyMap<number, HashedPhoto>> {
  const hashed = await hashedPhotos(
    trx,
    photos.map(({ photoId }) => photoId),
  );
  return new Map(hashed.map((photo) => [photo.id, photo]));
}

interface Asked {
  readonly policies: readonly FilterPolicy[];
  readonly memberIds: readonly number[];
  readonly related: readonly RelatedMember[];
}

interface Parts extends Omit<Asked, 'policies'> {
  readonly tally: WhatIfTally;
  readonly grid: WhatIfGrid;
}

/** The photos of a page that rules can decide, in order, and what each policy makes of them. */
export async function readPage(trx: Transaction<Database>, photos: readonly StoredPhoto[], asked: Asked) {
  const open = photos.filter(({ present }) => present !== 'failed' && present !== 'in-reference-set');
  const readings = open.map((photo) => readStored(photo, asked.policies, asked.related));
  await readRest(trx, { open, readings }, asked);
  return { open, readings };
}

async function addPage(trx: Transaction<Database>, photos: readonly StoredPhoto[], parts: Parts): Promise<void> {
  const { open, readings } = await readPage(trx, photos, { ...parts, policies: parts.grid.policies });
  const kept = open.filter((_, i) => (readings[i]?.place ?? null) !== null);
  const marks = await marksOf(trx, kept);
  for (const photo of photos) {
    if (photo.present === 'failed' || photo.present === 'in-reference-set') parts.tally.addFixed(photo);
  }
  for (const [i, photo] of open.entries()) {
    const reading = readings[i] ?? null;
    if (reading !== null) parts.tally.add(photo, reading, marks.get(photo.photoId));
  }
}

/** If summaries are not enough, reads the evidence itself. Few photos need it: those whose logits are stored. */
async function readRest(
  trx: Transaction<Database>,
  { open, readings }: { open: readonly StoredPhoto[]; readings: (Reading | null)[] },
  { policies, memberIds, related }: Asked,
): Promise<void> {
  const rest = readings.flatMap((reading, i) => (reading === null ? [i] : []));
  for (let first = 0; first < rest.length; first += WITH_LOGITS_AT_ONCE) {
    const batch = rest.slice(first, first + WITH_LOGITS_AT_ONCE);
    const photos = batch.flatMap((i) => (open[i] === undefined ? [] : [{ ...open[i], i }]));
    // In mode O there is no true class.
    const asked = photos.map(({ photoId, truth }) => ({ photoId, truths: truth === -1 ? [] : [truth] }));
    const byPhoto = groupBy(asked, ({ photoId }) => String(photoId));
    const wanted = [...byPhoto.values()].map((same) => ({
      photoId: same[0]?.photoId ?? -1,
      truths: same.flatMap(({ truths }) => truths),
    }));
    const known = await readKnown(trx, wanted, { memberIds, related });
    for (const { i, photoId, truth } of photos)
      readings[i] = readEvidenceUnder(known.get(photoId)?.evidence ?? [], { truth, policies });
  }
}
