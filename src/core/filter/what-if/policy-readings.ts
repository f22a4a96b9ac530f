import { CROPS_PER_MEMBER, type PhotoEvidence } from '../../models/evidence/evidence.ts';
import { overOurs, withRelated, type RelatedMember } from '../../models/evidence/related-members.ts';
import { DROPPED, digestOf, judgeDigest, KEPT, maxTrueProbOf, undecided } from '../rule/digest.ts';
import type { DigestOutcome, MemberDigest } from '../rule/digest.ts';
import { decideModeO, keeps } from '../rule/decide-mode-o.ts';
import { confusionOf } from '../rule/mean-probabilities.ts';
import type { FilterPolicy, ModeOPolicy, Policy } from '../rule/policy.ts';
import { cellsOf, digestOfCells, type StoredDigest } from '../rule/stored-cells.ts';
import type { StoredPhoto } from './stored-page.repository.ts';

export interface Reading {
  readonly outcomes: readonly DigestOutcome[];
  readonly place: KeptPlace | null;
}

export interface KeptPlace {
  readonly confusion: number;
  /** Sort keys for policies of each order, smallest first: see `sortKeyOf`. */
  readonly order: Readonly<Record<SortKey, number>>;
}

/** Kept photos are sorted by the aggregated p(true). In mode O they are sorted by the score, whatever the policy. */
export type SortKey = Policy['aggregation'];

export function sortKeyOf(policy: FilterPolicy): SortKey {
  return isModeO(policy) ? 'max' : policy.aggregation;
}

/** From stored summaries only. Null if the photo also needs the logits: then call `readEvidenceUnder`. */
export function readStored(
  photo: StoredPhoto,
  policies: readonly FilterPolicy[],
  related: readonly RelatedMember[] = [],
): Reading | null {
  const { modeA, modeO } = byMode(policies);
  return modeO.length > 0 ? readStoredModeO(photo, modeO, related) : readStoredModeA(photo, modeA, related);
}

export function readEvidenceUnder(
  evidence: PhotoEvidence,
  { truth, policies }: { readonly truth: number; readonly policies: readonly FilterPolicy[] },
): Reading {
  const { modeA, modeO } = byMode(policies);
  if (modeO.length > 0) return readModeO(evidence, modeO);
  const confusion = (): number | null => confusionOf(evidence, truth)?.confusion ?? null;
  const reading = readDigest(digestOf(evidence, truth), modeA, confusion);
  if (reading === null) throw new RangeError('Expected the logits of every crop of every member of a kept photo');
  return reading;
}

function isModeO(policy: FilterPolicy): policy is ModeOPolicy {
  return policy.mode === 'O';
}

/** The policies, which are all of one mode. */
function byMode(policies: readonly FilterPolicy[]): { readonly modeA: Policy[]; readonly modeO: ModeOPolicy[] } {
  return { modeA: policies.filter((policy) => !isModeO(policy)), modeO: policies.filter(isModeO) };
}

function readStoredModeA(
  photo: StoredPhoto,
  policies: readonly Policy[],
  related: readonly RelatedMember[],
): Reading | null {
  const own = photo.cells.map((span) => digestOfCells(span, photo.truth));
  const { digest, hasMore } =
    related.length === 0 ? { digest: own, hasMore: false } : withRelatedDigests(own, photo, related);
  const isMeanAsked = policies.some(({ aggregation }) => aggregation === 'mean');
  const isUnclear = digest.some(({ unclear }) => unclear === 'all' || (unclear === 'mean' && isMeanAsked));
  if (isUnclear) return null;
  // The confusion of a kept photo depends only on its crops, not on the policy.
  const reading = readDigest(digest, policies, () => (photo.present === 'kept' ? photo.confusion : null));
  // More evidence can only change the outcome `undecided`.
  return hasMore && reading?.outcomes.some(({ state }) => state === 'undecided') === true ? null : reading;
}

/** Adds the evidence of related members over more classes. It bounds the results of crops that a member has not evaluated. */
function withRelatedDigests(
  own: readonly StoredDigest[],
  photo: StoredPhoto,
  related: readonly RelatedMember[],
): { readonly digest: readonly StoredDigest[]; readonly hasMore: boolean } {
  let hasMore = false;
  const digest = own.map((mine, member) => {
    if (mine.withLogits === CROPS_PER_MEMBER) return mine;
    const known = cropsWithRelated(photo, member, { related, truths: [photo.truth] });
    hasMore ||= known.relatedHasLogits;
    const [bounded = mine] = digestOf([known.crops], photo.truth);
    return { ...bounded, withLogits: mine.withLogits, unclear: mine.unclear };
  });
  return { digest, hasMore };
}

interface StoredCrops {
  /** Cells without logits. A cell of a related member is a bound. */
  readonly crops: PhotoEvidence[number];
  readonly hasLogits: boolean;
  readonly relatedHasLogits: boolean;
}

function cropsWithRelated(
  photo: StoredPhoto,
  member: number,
  { related, truths }: { readonly related: readonly RelatedMember[]; readonly truths: readonly number[] },
): StoredCrops {
  const span = photo.cells[member];
  const own = span === undefined ? { crops: [], hasLogits: false } : cellsOf(span);
  let known: PhotoEvidence[number] = own.crops;
  let relatedHasLogits = false;
  for (const [i, { member: of, places }] of related.entries()) {
    const theirs = photo.relatedCells[i];
    if (of !== member || theirs === undefined || theirs.start === theirs.end) continue;
    const { crops, hasLogits } = cellsOf(theirs);
    relatedHasLogits ||= hasLogits;
    const inOurs = crops.map((cell) => cell && overOurs(cell, places, truths));
    known = withRelated(known, inOurs);
  }
  return { crops: known, hasLogits: own.hasLogits, relatedHasLogits };
}

/** Null if a policy keeps the photo but its confusion is unknown. */
function readDigest(
  digest: readonly MemberDigest[],
  policies: readonly Policy[],
  confusionOfKept: () => number | null,
): Reading | null {
  const outcomes = policies.map((policy) => judgeDigest(digest, policy));
  const isPlaced = policies.some(({ without }, i) => without === undefined && outcomes[i]?.state === 'kept');
  if (!isPlaced) return { outcomes, place: null };
  const confusion = confusionOfKept();
  if (confusion === null) return null;
  const order = { max: maxTrueProbOf(digest, 'max'), mean: maxTrueProbOf(digest, 'mean') };
  return { outcomes, place: { confusion, order } };
}

function readStoredModeO(
  photo: StoredPhoto,
  policies: readonly ModeOPolicy[],
  related: readonly RelatedMember[],
): Reading | null {
  if (photo.present === 'kept') {
    const { confusion, confusionProb } = photo;
    const outcomes = policies.map((policy) => (keeps(confusion, confusionProb, policy) ? KEPT : DROPPED));
    return { outcomes, place: { confusion, order: { max: -confusionProb, mean: -confusionProb } } };
  }
  const { crops, hasLogits, relatedHasLogits } = cropsWithRelated(photo, 0, { related, truths: [] });
  const reading = readModeO(
    [renumbered(crops)],
    policies.map((policy) => ({ ...policy, predictable: predictableIn(crops, policy) })),
  );
  // Logits are needed only if summaries leave the photo undecided.
  const isOpen = reading.outcomes.some(({ state }) => state === 'undecided');
  return isOpen && (hasLogits || relatedHasLogits) ? null : reading;
}

function readModeO(evidence: PhotoEvidence, policies: readonly ModeOPolicy[]): Reading {
  const decided = policies.map((policy) => decideModeO(evidence, policy));
  const outcomes = decided.map((outcome): DigestOutcome => {
    if (outcome.state === 'undecided') return undecided(outcome.missing.length);
    return outcome.state === 'kept' ? KEPT : DROPPED;
  });
  const kept = decided.find((outcome) => outcome.state === 'kept');
  if (kept === undefined) return { outcomes, place: null };
  return { outcomes, place: { confusion: kept.predicted, order: { max: -kept.score, mean: -kept.score } } };
}

/**
 * Bounds are then computed for eleven classes instead of a thousand. Summaries name at most ten, which get the numbers from 0. All
 * others are alike and share one number. The state is the same.
 */
function renumbered(crops: PhotoEvidence[number]): PhotoEvidence[number] {
  const named = namedIn(crops);
  return crops.map((cell) =>
    cell === null ? null : { ...cell, top1: named.indexOf(cell.top1), trueProbs: new Map() },
  );
}

function predictableIn(crops: PhotoEvidence[number], { predictable }: ModeOPolicy): number[] {
  const named = namedIn(crops);
  const wanted = new Set(predictable);
  const those = named.flatMap((at, i) => (wanted.has(at) ? [i] : []));
  return those.length < wanted.size ? [...those, named.length] : those;
}

function namedIn(crops: PhotoEvidence[number]): number[] {
  // -1 is a class outside our list.
  const named = crops.flatMap((cell) => (cell === null || cell.top1 === -1 ? [] : [cell.top1]));
  return [...new Set(named)].toSorted((a, b) => a - b);
}
