import { Interrupted } from '../../kernel/errors.ts';
import { toSha256, type Sha256, type Wnid } from '../../kernel/ids.ts';
import { findRelatedMembers } from '../../models/evidence/related-members.repository.ts';
import { hashedPhotos } from '../../photo/reference-set.repository.ts';
import { readSnapshot } from '../../platform/postgres/transactions.ts';
import { decidedClasses } from '../run/decision.repository.ts';
import type { DigestOutcome } from '../rule/digest.ts';
import type { Policy } from '../rule/policy.ts';
import { storedPages, type StoredPhoto } from './stored-page.repository.ts';
import { readPage, type WhatIfSource } from './what-if.process.ts';

export interface PhotoOfSubject {
  readonly photoId: number;
  readonly wnid: Wnid;
  readonly sha256: Sha256;
}

/** How the photos that the filter has decided would change without one member. */
export interface WithoutMember {
  /** Kept now, dropped without the member: `PHOTO_ID WNID`. */
  readonly lost: ReadonlySet<string>;
  /** Dropped now, kept without the member. */
  readonly gained: readonly PhotoOfSubject[];
  /** Photos whose evidence does not say what the others would do. */
  readonly undecidedIds: readonly number[];
}

/** Reads one snapshot of the stored evidence, for each policy that leaves out a member. Runs no model. */
export function readWithout(
  { db, scope, memberIds }: WhatIfSource,
  { policies, signal }: { readonly policies: readonly Policy[]; readonly signal: AbortSignal },
): Promise<WithoutMember[]> {
  return readSnapshot(db, async (trx) => {
    const subjects = await decidedClasses(trx, scope);
    const related = await findRelatedMembers(trx, memberIds);
    const changes = policies.map(() => new Changes());
    for await (const photos of storedPages(trx, scope, { memberIds, related, subjects })) {
      if (signal.aborted) throw new Interrupted();
      const { open, readings } = await readPage(trx, photos, { policies, memberIds, related });
      for (const [i, photo] of open.entries())
        for (const [policy, { state }] of readings[i]?.outcomes.entries() ?? []) changes[policy]?.add(photo, state);
    }
    const ids = [...new Set(changes.flatMap(({ gained }) => gained.map(({ photoId }) => photoId)))];
    const sha256Of = new Map((await hashedPhotos(trx, ids)).map(({ id, sha256 }) => [id, toSha256(sha256)]));
    return changes.map(({ lost, gained, undecided }) => ({
      lost: new Set(lost.map(({ photoId, subject }) => `${photoId} ${subjects[subject] ?? ''}`)),
      gained: gained.flatMap(({ photoId, subject }) => {
        const [wnid, sha256] = [subjects[subject], sha256Of.get(photoId)];
        return wnid === undefined || sha256 === undefined ? [] : [{ photoId, wnid, sha256 }];
      }),
      undecidedIds: [...undecided],
    }));
  });
}

/** Without the photo's evidence, which shares the memory of its page. */
type Place = Pick<StoredPhoto, 'photoId' | 'subject'>;

class Changes {
  readonly lost: Place[] = [];
  readonly gained: Place[] = [];
  readonly undecided = new Set<number>();

  add({ photoId, subject, present }: StoredPhoto, state: DigestOutcome['state']): void {
    // The filter has yet to decide this photo, so it is neither in the set nor missing from it.
    if (present === 'undecided') return;
    if (state === 'undecided') this.undecided.add(photoId);
    else if (state === 'dropped' && present === 'kept') this.lost.push({ photoId, subject });
    else if (state === 'kept' && present === 'dropped') this.gained.push({ photoId, subject });
  }
}
