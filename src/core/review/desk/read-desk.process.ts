import { isOfVerdicts } from '../../kernel/photo-filter.ts';
import { groupBy } from '../../kernel/group-by.ts';
import { placeFlags, withoutLicenceText } from '../../kernel/next-step.ts';
import { hasUnlisted } from '../../shortlist/controls.repository.ts';
import { countWithoutLicence } from '../../shortlist/without-licence.repository.ts';
import type { Wnid } from '../../kernel/ids.ts';
import { ownSources } from '../../crawl/candidates/query.repository.ts';
import { SOURCE_NAMES } from '../../config/sources/sources.ts';
import { readCriteria } from './criteria.repository.ts';
import { classProgress, shownRows, type ShownRow } from './desk.repository.ts';
import { hiddenPhotos, type DeskView } from './known-photos.repository.ts';
import {
  BLIND_ORDERS,
  REVIEW_ORDERS,
  type ClassProgress,
  type OwnReview,
  type ReviewFilter,
  type ReviewPhoto,
  type ReviewSetup,
} from './desk.ts';
import { subjectKey, type ReviewEvent, type Subject } from '../events/event.ts';
import { eventsOf } from '../events/review.repository.ts';
import { newestOfOthers } from '../events/stale.ts';
import { requireOwn } from '../events/standing-verdicts.repository.ts';
import { FAILURE_TAGS } from '../events/tags.ts';
import { opinionsOf, type Opinion } from '../events/verdict.ts';
import { classNameOf, type Workspace } from '../../models/workspace/workspace.process.ts';
import { MODES } from '../../collection/modes.ts';
import { REVIEW_MODES } from '../modes.ts';
import { askedPhotos } from '../quiz/quiz.repository.ts';

export interface DeskContext {
  readonly workspace: Workspace;
  /** Null if the user has given no name. Such a user can only look. */
  readonly reviewer: string | null;
}

/** @throws UsageError `blind-gallery` if the filter asks for verdicts that the person must not know */
export async function deskViewOf(
  { workspace: { app, scope, ensemble }, reviewer }: DeskContext,
  filter: ReviewFilter = {},
): Promise<DeskView> {
  const { secondPass, blind } = app.config.review;
  const view = {
    scope,
    reviewer: reviewer ?? '',
    secondPass,
    ensembleModels: ensemble.identities.map(({ modelSha256 }) => modelSha256),
    isBlind: blind || (await hasUnlisted(app.db, scope.collectionId)),
    asked: reviewer === null ? [] : await askedPhotos(app.db, reviewer),
    readsOwn: true,
  };
  if (!isOfVerdicts(filter)) return view;
  const readsOwn = (await hiddenPhotos(app.db, view)).length > 0;
  requireOwn({ ...view, readsOwn }, filter);
  return { ...view, readsOwn };
}

export async function readSetup(desk: DeskContext): Promise<Omit<ReviewSetup, 'mayReview' | 'mayRename'>> {
  const { workspace, reviewer } = desk;
  const { app, collection, scope } = workspace;
  const { mode, policy } = collection;
  const { isBlind } = await deskViewOf(desk);
  return {
    mode,
    reviewer,
    reasons: REVIEW_MODES[mode].reasons,
    tags: FAILURE_TAGS,
    orders: isBlind ? BLIND_ORDERS : REVIEW_ORDERS,
    isBlind,
    sources: [...SOURCE_NAMES, ...(await ownSources(app.db))],
    threshold: MODES[mode].mark(policy),
    cap: policy.cap,
    target: app.config.review.target,
    leaseMs: app.config.review.leaseMs,
    withoutLicence: withoutLicenceText(
      (await countWithoutLicence(app.db, scope, isBlind)).listed,
      'listed',
      placeFlags(collection.name),
    ),
    criteria: (await readCriteria(app.db, scope.collectionId)) ?? REVIEW_MODES[mode].criteria,
  };
}

export async function readPhotos(desk: DeskContext, subjects: readonly Subject[]): Promise<ReviewPhoto[]> {
  const { app, collection, scope } = desk.workspace;
  // Read before the states, so that `seen` names no event that a state does not show yet.
  const events = groupBy(await eventsOf(app.db, scope.collectionId, subjects), subjectKey);
  const rows = await shownRows(app.db, await deskViewOf(desk), subjects);
  return rows.map((row) => ({
    ...row,
    name: classNameOf(collection, row.wnid),
    confusionName: row.confusionWnid === null ? null : classNameOf(collection, row.confusionWnid),
    ...reviewsOf(row, events.get(subjectKey(row)) ?? [], desk.reviewer),
  }));
}

const NOTHING: OwnReview = { verdict: null, reason: null, alsoWnids: [], tags: [], note: '', flagged: false };

function reviewsOf(
  { waits }: ShownRow,
  events: readonly ReviewEvent[],
  reviewer: string | null,
): Pick<ReviewPhoto, 'mine' | 'others' | 'seen'> {
  const opinions = opinionsOf(events);
  const mine = opinions.find((opinion) => opinion.reviewer === reviewer);
  const others = waits ? [] : opinions.filter((opinion) => opinion !== mine);
  return {
    mine: mine === undefined ? NOTHING : ownReview(mine),
    others: others.map((opinion) => ({ reviewer: opinion.reviewer, ...ownReview(opinion) })),
    seen: waits ? 0 : (newestOfOthers(events, reviewer ?? '')?.event ?? 0),
  };
}

function ownReview({ review, alsoWnids, tags, note, flagged }: Opinion): OwnReview {
  return { verdict: review?.verdict ?? null, reason: review?.reason ?? null, alsoWnids, tags, note, flagged };
}

export async function readProgress(desk: DeskContext, wnids: readonly Wnid[] | null): Promise<ClassProgress[]> {
  const { app, collection } = desk.workspace;
  const classes = await classProgress(app.db, await deskViewOf(desk), wnids);
  return classes.map((one) => ({ ...one, name: classNameOf(collection, one.wnid) }));
}
