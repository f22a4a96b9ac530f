import { beforeEach } from 'vitest';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import type { DeskView } from '../../../../src/core/review/desk/known-photos.repository.ts';
import type { Subject } from '../../../../src/core/review/events/event.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { candidate, collection, decideAs, emptyCatalogue, fetched, kept } from '../../../support/catalogue-fixtures.ts';
import type { TestDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';

/** A photo that the filter keeps, with the p of the class that it was searched as. */
export type PhotoToList = readonly [name: string, wnid: string, confusionWnid: string, maxTrueProb: number];

export interface ListedPhotos {
  readonly scope: DecisionScope;
  /** The photos as a reviewer sees them. `secondPass`: the share of each class that gets a second pass. */
  readonly viewOf: (reviewer: string, secondPass?: number) => DeskView;
  readonly photo: (name: string) => Subject;
}

/** Before each test, makes a catalogue with one collection, and lists these photos. */
export function useListedPhotos(database: TestDatabase, photos: readonly PhotoToList[]): ListedPhotos {
  let made: DecisionScope | undefined;
  const scope = (): DecisionScope => {
    if (made === undefined) throw new Error('Expected the listed photos to be used inside a test or hook');
    return made;
  };
  beforeEach(async () => {
    await emptyCatalogue(database.db);
    const wnids = [...new Set(['n01', 'n02', 'n03', ...photos.map(([, wnid]) => wnid)])].toSorted();
    made = await collection(database.db, 'reviewed', { wnids });
    for (const [name, wnid, confusionWnid, maxTrueProb] of photos) {
      const id = await fetched(database.db, [candidate(name, { wnid })], name);
      await decideAs(database.db, made, [kept(id, wnid, { confusionWnid, maxTrueProb })]);
    }
    const policy = { cap: 15, nearDuplicateDistance: 0, nearDuplicateCosine: null };
    await buildShortlist(database.db, made, { policy, backboneId: null });
  });
  return {
    get scope() {
      return scope();
    },
    viewOf: (reviewer, secondPass = 0) => ({
      scope: scope(),
      reviewer,
      secondPass,
      ensembleModels: [],
      isBlind: false,
      asked: [],
      readsOwn: false,
    }),
    photo: (name) => ({ sha256: sha256Of(name), wnid: photos.find(([one]) => one === name)?.[1] ?? '' }),
  };
}
