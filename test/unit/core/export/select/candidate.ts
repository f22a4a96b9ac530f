import type { ExportCandidate } from '../../../../../src/core/export/select/select.ts';
import { sampleRights } from '../../../../support/sample-rights.ts';
import { sha256Of } from '../../../../support/sha256.ts';

/** An accepted photo that nothing keeps out of an export. */
export function candidate(name: string, given: Partial<ExportCandidate> = {}): ExportCandidate {
  return {
    sha256: sha256Of(name),
    wnid: 'n01',
    rank: 1,
    confusionWnid: 'n02',
    confusionProb: 0.9,
    maxTrueProb: 0.01,
    bytes: 100,
    state: 'accepted',
    decidedBy: 'single',
    alsoWnids: [],
    tags: [],
    reviews: [],
    chance: null,
    split: 'test',
    whyNot: null,
    alsoAcceptedAs: null,
    isImported: false,
    rights: sampleRights(),
    origin: null,
    restrictions: null,
    signals: null,
    originalWidth: null,
    originalHeight: null,
    takenAt: null,
    uploadedAt: null,
    ...given,
  };
}
