import { describe, expect, it } from 'vitest';
import { emptyTotals, type Totals } from '../../../../src/core/kernel/funnel.ts';
import { nextStep, withoutLicenceText, type CollectionState } from '../../../../src/core/kernel/next-step.ts';

const NOT_EXPORTED = { revisions: 0, folder: null, isNewest: false, isReported: false };
const EXPORTED = { ...NOT_EXPORTED, revisions: 1, folder: '/sets/v1', isNewest: true };

function stateWith(totals: Partial<Totals>, changes: Partial<CollectionState> = {}): CollectionState {
  return {
    collection: 'birds',
    totals: { ...emptyTotals(), ...totals },
    pending: 0,
    isFiltering: false,
    openControls: null,
    withoutLicence: { listed: 0, accepted: 0, isOpen: false },
    exported: NOT_EXPORTED,
    place: '--collection birds',
    collect: { text: 'DIR has photos.', command: 'winnow run --collection birds --from DIR' },
    ...changes,
  };
}

const reviewed = { found: 9, shortlisted: 3, selected: 2, rejected: 1 };
const all: CollectionState['withoutLicence'] = { listed: 2, accepted: 2, isOpen: true };

describe('nextStep', () => {
  it.each<[string, CollectionState, string]>([
    ['nothing was found', stateWith({}), 'winnow run --collection birds --from DIR'],
    ['photos wait', stateWith({ found: 9, waiting: 2 }), 'winnow run --collection birds --from DIR'],
    [
      'photos are undecided and no filter works, also if others wait to be fetched',
      stateWith({ found: 9, waiting: 2, decided: { ...emptyTotals().decided, undecided: 3 } }),
      'winnow filter --collection birds',
    ],
    [
      'a filter is deciding photos',
      stateWith({ found: 9, decided: { ...emptyTotals().decided, undecided: 3 } }, { isFiltering: true }),
      'winnow status --collection birds',
    ],
    [
      'all photos are in a reference set',
      stateWith({ found: 9, decided: { ...emptyTotals().decided, inReferenceSet: 9 } }),
      'winnow references list',
    ],
    [
      'some photos are in a reference set, and the models know the others',
      stateWith({ found: 9, decided: { ...emptyTotals().decided, inReferenceSet: 8, correct: 1 } }),
      'winnow what-if --collection birds',
    ],
    ['kept photos are not listed', stateWith({ found: 9, unlisted: 2 }), 'winnow shortlist --collection birds'],
    ['the filter keeps nothing', stateWith({ found: 9 }), 'winnow what-if --collection birds'],
    ['photos are not reviewed', stateWith({ ...reviewed, unreviewed: 1 }), 'winnow review --collection birds'],
    [
      'a second verdict is missing',
      stateWith(reviewed, { pending: 1 }),
      'winnow export --collection birds --out exports/birds',
    ],
    ['only controls are not reviewed', stateWith(reviewed, { openControls: 1 }), 'winnow review --collection birds'],
    ['reviewers disagree', stateWith({ ...reviewed, disputed: 1 }), 'winnow review --collection birds'],
    [
      'nothing is accepted',
      stateWith({ found: 9, shortlisted: 1, rejected: 1 }),
      'winnow run --collection birds --from DIR',
    ],
    [
      'no accepted photo has a licence',
      stateWith(reviewed, { withoutLicence: all }),
      'winnow rights set --collection birds --licence CC-BY-4.0 --creator "Ana"',
    ],
    [
      'all rights of each accepted photo are reserved',
      stateWith(reviewed, { withoutLicence: { ...all, isOpen: false } }),
      'winnow export --collection birds --out exports/birds --no-pixels',
    ],
    ['nothing is exported', stateWith(reviewed), 'winnow export --collection birds --out exports/birds'],
    [
      'photos were reviewed since the last export',
      stateWith(reviewed, { exported: { ...EXPORTED, isNewest: false } }),
      'winnow export --collection birds --out exports/birds-v2',
    ],
    [
      'a revision of the same photos was written again elsewhere',
      stateWith(reviewed, { exported: { ...EXPORTED, folder: '/sets/birds-v2', isNewest: false } }),
      'winnow export --collection birds --out exports/birds-v3',
    ],
    [
      'the reader may not learn the verdicts that wait for a second one, not even that no photo is accepted',
      stateWith({ found: 9, shortlisted: 3 }, { pending: null, withoutLicence: all }),
      'winnow export --collection birds --out exports/birds',
    ],
    [
      'the reader may not learn these verdicts, but no listed photo has a licence',
      stateWith({ found: 9, shortlisted: 2 }, { pending: null, withoutLicence: all }),
      'winnow rights set --collection birds --licence CC-BY-4.0 --creator "Ana"',
    ],
    [
      'the revision is new, also if no photo has a licence',
      stateWith(reviewed, { exported: EXPORTED, withoutLicence: all }),
      'winnow report --collection birds --out reports/birds',
    ],
    [
      'the revision is reported',
      stateWith(reviewed, { exported: { ...EXPORTED, isReported: true } }),
      'winnow publish /sets/v1 --to hf:OWNER/NAME --dry-run',
    ],
  ])('names the command if %s', (_, state, command) => {
    expect(nextStep(state).command).toBe(command);
  });

  it('says why, with the number', () => {
    expect(nextStep(stateWith({ ...reviewed, unreviewed: 1 })).text).toBe('1 photo waits for a verdict.');
    expect(nextStep(stateWith(reviewed, { pending: 1 })).text).toBe(
      'Reviewers accepted 2 photos. 1 photo waits for the second verdict of another person (winnow review --collection birds).',
    );
    expect(nextStep(stateWith(reviewed, { pending: null })).text).toBe(
      'Every listed photo has a first verdict. Some wait for the second verdict of another person (winnow review --collection birds).',
    );
    expect(nextStep(stateWith({})).text).toBe('No photo was found yet. DIR has photos.');
    expect(withoutLicenceText(2, 'listed', '--collection birds')).toMatch(
      /^2 listed photos have no licence, .* not exported\./,
    );
    expect(withoutLicenceText(0, 'listed', '')).toBe('');
  });
});
