import { CROPS_PER_MEMBER, type PhotoEvidence } from '../evidence/evidence.ts';
import { overOurs, withRelated, type RelatedMember } from '../evidence/related-members.ts';
import { DROPPED, digestOf, judgeDigest, KEPT, maxTrueProbOf, undecided } from './digest.ts';
import type { DigestVerdict, MemberDigest } from './digest.ts';
import { decideModeO } from './decide-mode-o.ts';
import { confusionOf } from './mean-probabilities.ts';
import type { FilterPolicy, ModeOPolicy, Policy } from './policy.ts';
import { cellsOf, digestOfCells, type StoredDigest } from './stored-cells.ts';
import type { StoredPhoto } from './stored-page.repository.ts';

/** What a photo would be under each of some policies. */
export interface Reading {
  readonly verdicts: readonly DigestVerdict[];
  /** Where a kept photo stands in a shortlist; null if no policy keeps it. */
  readonly place: Place | null;
}

export interface Place {
  /** What it is taken for: position in the class list. */
  readonly confusion: number;
  /** The smaller, the earlier, for policies of each order: see `orderOf`. */
  readonly order: Readonly<Record<Order, number>>;
}

/** Kept photos are sorted by p(true) as it is aggregated; in mode O by the score, whatever the policy. */
export type Order = Policy['aggregation'];

export function orderOf(policy: FilterPolicy): Order {
  return policy.mode === 'O' ? 'max' : policy.aggregation;
}

/**
 * What becomes of a photo under each policy, told from its stored summaries alone.
 *
 * @returns null if that takes the logits, too: then `readEvidenceUnder` says
 */
export function readStored(
  photo: StoredPhoto,
  policies: readonly FilterPolicy[],
  related: readonly RelatedMember[] = [],
): Reading | null {
  if (isModeO(policies)) return readStoredModeO(photo, policies, related);
  return readStoredModeA(photo, policies.filter(isModeA), related);
}

/** The same from the evidence, logits and all. */
export function readEvidenceUnder(
  evidence: PhotoEvidence,
  { truth, policies }: { readonly truth: number; readonly policies: readonly FilterPolicy[] },
): Reading {
  if (isModeO(policies)) return readModeO(evidence, policies);
  const confusion = (): number | null => confusionOf(evidence, truth)?.confusion ?? null;
  const reading = readDigest(digestOf(evidence, truth), policies.filter(isModeA), confusion);
  if (reading === null) throw new RangeError('Expected the logits of every crop of every member of a kept photo');
  return reading;
}

function isModeA(policy: FilterPolicy): policy is Policy {
  return policy.mode !== 'O';
}

function isModeO(policies: readonly FilterPolicy[]): policies is readonly ModeOPolicy[] {
  return policies.every((policy) => policy.mode === 'O');
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
  // What a kept photo is taken for depends on its crops alone, not on the policy.
  const reading = readDigest(digest, policies, () => (photo.present === 'kept' ? photo.confusion : null));
  // More evidence changes no verdict but that nothing is decided.
  return hasMore && reading?.verdicts.some(({ state }) => state === 'undecided') === true ? null : reading;
}

/** With what kin said over more classes, which bounds what a member would say of crops that it has not seen. */
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
  /** Without logits. What kin said is a bound. */
  readonly crops: PhotoEvidence[number];
  readonly hasLogits: boolean;
  readonly relatedHasLogits: boolean;
}

/** The stored summaries of one member's crops. Where it has none, those of its kin. */
function cropsWithRelated(
  photo: StoredPhoto,
  member: number,
  { related, truths }: { readonly related: readonly RelatedMember[]; readonly truths: readonly number[] },
): StoredCrops {
  const span = photo.cells[member];
  const own = span === undefined ? { crops: [], hasLogits: false } : cellsOf(span);
  let evidence: PhotoEvidence = [own.crops];
  let relatedHasLogits = false;
  for (const [i, { member: of, places }] of related.entries()) {
    const theirs = photo.relatedCells[i];
    if (of !== member || theirs === undefined || theirs.start === theirs.end) continue;
    const { crops, hasLogits } = cellsOf(theirs);
    relatedHasLogits ||= hasLogits;
    evidence = withRelated(evidence, [crops.map((cell) => cell && overOurs(cell, places, truths))]);
  }
  return { crops: evidence[0] ?? [], hasLogits: own.hasLogits, relatedHasLogits };
}

/** Null if a policy keeps the photo and nobody knows what it is taken for. */
function readDigest(
  digest: readonly MemberDigest[],
  policies: readonly Policy[],
  confusionOfKept: () => number | null,
): Reading | null {
  const verdicts = policies.map((policy) => judgeDigest(digest, policy));
  if (verdicts.every(({ state }) => state !== 'kept')) return { verdicts, place: null };
  const confusion = confusionOfKept();
  if (confusion === null) return null;
  const order = { max: maxTrueProbOf(digest, 'max'), mean: maxTrueProbOf(digest, 'mean') };
  return { verdicts, place: { confusion, order } };
}

function readStoredModeO(
  photo: StoredPhoto,
  policies: readonly ModeOPolicy[],
  related: readonly RelatedMember[],
): Reading | null {
  if (photo.present === 'kept') {
    const { confusion, confusionProb } = photo;
    const verdicts = policies.map(({ minConfidence }) => (confusionProb >= minConfidence ? KEPT : DROPPED));
    return { verdicts, place: { confusion, order: { max: -confusionProb, mean: -confusionProb } } };
  }
  const { crops, hasLogits, relatedHasLogits } = cropsWithRelated(photo, 0, { related, truths: [] });
  const reading = readModeO(
    [renumbered(crops)],
    policies.map((policy) => ({ ...policy, predictable: predictableIn(crops, policy) })),
  );
  // Logits decide only what summaries leave undecided.
  const isOpen = reading.verdicts.some(({ state }) => state === 'undecided');
  return isOpen && (hasLogits || relatedHasLogits) ? null : reading;
}

function readModeO(evidence: PhotoEvidence, policies: readonly ModeOPolicy[]): Reading {
  const decided = policies.map((policy) => decideModeO(evidence, policy));
  const verdicts = decided.map((verdict): DigestVerdict => {
    if (verdict.state === 'undecided') return undecided(verdict.missing.length);
    return verdict.state === 'kept' ? KEPT : DROPPED;
  });
  const kept = decided.find((verdict) => verdict.state === 'kept');
  if (kept === undefined) return { verdicts, place: null };
  return { verdicts, place: { confusion: kept.predicted, order: { max: -kept.score, mean: -kept.score } } };
}

/**
 * Summaries name ten classes of a thousand at most, and all others are alike: with the named ones numbered from 0 on, and one
 * number for the others, bounds are worked out for eleven classes instead of a thousand. The state is the same.
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
  // -1 is a class that is none of ours.
  const named = crops.flatMap((cell) => (cell === null || cell.top1 === -1 ? [] : [cell.top1]));
  return [...new Set(named)].toSorted((a, b) => a - b);
}
