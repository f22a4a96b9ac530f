import type { StoryCandidate, StoryDecision, StoryPhoto } from './story.repository.ts';

/** ` failed (the server hung up)`: why something is in its state. Empty if there is nothing to say. */
export function whyText({
  reason,
  detail,
}: {
  readonly reason: string | null;
  readonly detail: string | null;
}): string {
  return `${reason === null ? '' : ` ${reason}`}${detail === null ? '' : ` (${detail})`}`;
}

export function photoTexts(photo: StoryPhoto): [what: string, stored: string] {
  return [
    `${photo.format}, ${photo.width} x ${photo.height} pixels, ${photo.bytes} bytes, EXIF orientation ${photo.exifOrientation}, perceptual hash ${photo.perceptualHash}`,
    `stored ${photo.storedAt.toISOString()}${photo.prunedAt === null ? '' : `, pruned ${photo.prunedAt.toISOString()}: dropped by all that have it, its bytes were deleted`}`,
  ];
}

export function candidateTexts(candidate: StoryCandidate, nameOf: (wnid: string) => string): string[] {
  const { wnid, source, sourceId, state, collections, ...rights } = candidate;
  const finders = collections.length === 0 ? '' : ` for ${collections.join(', ')}`;
  return [
    `candidate for ${nameOf(wnid)}: ${state}${whyText(candidate)}`,
    `found ${rights.foundAt.toISOString()}${finders} at ${source}: ${JSON.stringify(sourceId)}`,
    rights.url,
    `${rights.rightsBy === 'curator' ? `stated by the curator, because the source gives no licence and ${rights.sourceCreator === null ? 'names no creator' : `names the creator ${rights.sourceCreator}`}: ` : ''}licence ${rights.licence}${rights.licenceUrl === null ? '' : ` <${rights.licenceUrl}>`}, by ${rights.creator ?? 'unknown'}${rights.pageUrl === null ? '' : `, ${rights.pageUrl}`}`,
    ...(['takenAt', 'uploadedAt'] as const).flatMap((kind) =>
      rights[kind] === null ? [] : [`${kind === 'takenAt' ? 'taken' : 'uploaded'} ${rights[kind]}`],
    ),
    ...(rights.origin === null ? [] : [`a copy of ${rights.origin}`]),
    ...(rights.restrictions?.length ? [`restrictions other than copyright: ${rights.restrictions.join(', ')}`] : []),
    ...(rights.signals ?? []).map((signal) => `said to machines: ${signal}`),
  ];
}

function twinText({ twinSha256, twinBy }: NonNullable<StoryDecision['shortlist']>): string {
  if (twinSha256 === null) return '';
  return ` of ${twinSha256.slice(0, 12)}${twinBy === null ? '' : ` by ${twinBy}`}`;
}

export function decisionText(decision: StoryDecision, nameOf: (wnid: string) => string): string {
  const { collection, wnid, state, reason, maxTrueProb, confusionWnid, decidedBy, shortlist } = decision;
  return [
    `decision for ${collection}, ${nameOf(wnid)}: ${state}${whyText({ reason, detail: null })}`,
    maxTrueProb !== null && `p(searched as) ${decision.maxTrueProbIsLowerBound ? '>= ' : ''}${maxTrueProb.toFixed(4)}`,
    decidedBy !== null && `by ${decidedBy.model}${decidedBy.crop === null ? '' : ` crop ${decidedBy.crop}`}`,
    confusionWnid !== null && `taken for ${nameOf(confusionWnid)} ${(decision.confusionProb ?? 0).toFixed(4)}`,
    decision.detail ?? '',
    !decision.isCurrent && 'under rules that have changed since: winnow filter decides again',
    shortlist !== null &&
      `shortlist: ${shortlist.state}${shortlist.rank === null ? '' : ` at rank ${shortlist.rank}`}${shortlist.reason === null ? '' : ` (${shortlist.reason}${twinText(shortlist)})`}`,
  ]
    .filter((text) => text !== false && text !== '')
    .join(', ');
}
