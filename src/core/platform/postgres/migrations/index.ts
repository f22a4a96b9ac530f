import type { Migration } from 'kysely';
import * as initial from './0001-initial.ts';
import * as review from './0002-review.ts';
import * as reviewDesk from './0003-review-desk.ts';
import * as referencesByClass from './0004-references-by-class.ts';
import * as exported from './0005-export.ts';
import * as verified from './0006-verified.ts';
import * as report from './0007-report.ts';
import * as activity from './0008-activity.ts';
import * as rules from './0009-rules.ts';
import * as providers from './0010-providers.ts';
import * as exportedBytes from './0011-exported-bytes.ts';
import * as secondPassDraw from './0012-second-pass-draw.ts';
import * as jobHistory from './0013-job-history.ts';
import * as allowedHyponyms from './0014-allowed-hyponyms.ts';
import * as referencesOfHeads from './0015-references-of-heads.ts';
import * as licences from './0016-licences.ts';
import * as statedRights from './0018-stated-rights.ts';
import * as collectionCandidates from './0019-collection-candidates.ts';
import * as plansOfCollections from './0020-plans-of-collections.ts';
import * as also from './0021-also.ts';
import * as controls from './0022-controls.ts';
import * as quiz from './0023-quiz.ts';
import * as lastEventOfRevision from './0024-last-event-of-revision.ts';
import * as days from './0025-days.ts';
import * as quizPhotos from './0027-quiz-photos.ts';
import * as undecidedPhotos from './0029-undecided-photos.ts';
import * as importedEvidence from './0030-imported-evidence.ts';
import * as evidenceImports from './0031-evidence-imports.ts';
import * as controlIndex from './0032-control-index.ts';
import * as acceptanceLooks from './0034-acceptance-looks.ts';
import * as crawlStops from './0036-crawl-stops.ts';
import * as shortlistPhotoIndex from './0037-shortlist-photo-index.ts';
import * as runningJobs from './0038-running-jobs.ts';
import * as firstCandidates from './0039-first-candidates.ts';
import * as distinctPhotos from './0040-distinct-photos.ts';
import * as commons from './0041-commons.ts';
import * as dates from './0042-dates.ts';
import * as signals from './0044-signals.ts';
import * as crawlSample from './0045-crawl-sample.ts';
import * as firstCandidatesByP from './0046-first-candidates-by-p.ts';

/** Every migration, by its number. A migration that has landed is never edited: a change is a new file. */
export const MIGRATIONS: Record<string, Migration> = {
  '0001-initial': initial,
  '0002-review': review,
  '0003-review-desk': reviewDesk,
  '0004-references-by-class': referencesByClass,
  '0005-export': exported,
  '0006-verified': verified,
  '0007-report': report,
  '0008-activity': activity,
  '0009-rules': rules,
  '0010-providers': providers,
  '0011-exported-bytes': exportedBytes,
  '0012-second-pass-draw': secondPassDraw,
  '0013-job-history': jobHistory,
  '0014-allowed-hyponyms': allowedHyponyms,
  '0015-references-of-heads': referencesOfHeads,
  '0016-licences': licences,
  '0018-stated-rights': statedRights,
  '0019-collection-candidates': collectionCandidates,
  '0020-plans-of-collections': plansOfCollections,
  '0021-also': also,
  '0022-controls': controls,
  '0023-quiz': quiz,
  '0024-last-event-of-revision': lastEventOfRevision,
  '0025-days': days,
  '0027-quiz-photos': quizPhotos,
  '0029-undecided-photos': undecidedPhotos,
  '0030-imported-evidence': importedEvidence,
  '0031-evidence-imports': evidenceImports,
  '0032-control-index': controlIndex,
  '0034-acceptance-looks': acceptanceLooks,
  '0036-crawl-stops': crawlStops,
  '0037-shortlist-photo-index': shortlistPhotoIndex,
  '0038-running-jobs': runningJobs,
  '0039-first-candidates': firstCandidates,
  '0040-distinct-photos': distinctPhotos,
  '0041-commons': commons,
  '0042-dates': dates,
  '0044-signals': signals,
  '0045-crawl-sample': crawlSample,
  '0046-first-candidates-by-p': firstCandidatesByP,
};
