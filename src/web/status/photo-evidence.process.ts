import { cardFor } from '../../core/collection/cards/model-card.process.ts';
import { readEvidence } from '../../core/models/evidence/evidence.repository.ts';
import { cropSizesOf } from '../../core/models/evidence/member.ts';
import { readStories } from '../../core/status/story.repository.ts';
import { candidateTexts, decisionText, photoTexts } from '../../core/status/story-text.ts';
import { shownRows } from '../../core/review/desk/desk.repository.ts';
import { mayKnow } from '../../core/review/desk/known-photos.repository.ts';
import type { ModelEvidence, PhotoEvidenceShown } from '../../core/review/desk/desk.ts';
import type { Subject } from '../../core/review/events/event.ts';
import {
  classesWithSameBytes,
  membersWithEvidence,
  nearDuplicatesOf,
  shownPhoto,
  type ShownMember,
} from '../../core/review/desk/evidence-shown.repository.ts';
import { alsoSeen, modelEvidence, type ModelInputShown } from '../../core/review/desk/evidence-shown.ts';
import { eventText } from '../../core/review/events/history.ts';
import { eventsOf } from '../../core/review/events/review.repository.ts';
import { classNameOf, type Workspace } from '../../core/models/workspace/workspace.process.ts';
import { deskViewOf, type DeskContext } from '../../core/review/desk/read-desk.process.ts';
import { activationHead } from '../../core/review/heatmap/compute-heatmaps.process.ts';

/** The answer about every photo that the reviewer of a blind review has not judged, and about open questions of a quiz. */
const NOTHING_YET: PhotoEvidenceShown = {
  members: [],
  outside: [],
  alsoSeen: [],
  nearDuplicates: [],
  elsewhere: [],
  history: [],
};

export async function evidenceShown(desk: DeskContext, subject: Subject): Promise<PhotoEvidenceShown | null> {
  const { workspace } = desk;
  const { app, collection, scope, ensemble } = workspace;
  const { wnid } = subject;
  const photo = await shownPhoto(app.db, scope.collectionId, subject);
  if (photo === null) return null;
  const view = await deskViewOf(desk);
  if (!(await mayKnow(app.db, view, subject.sha256))) return NOTHING_YET;
  const { sha256: classListSha256, wnids } = collection.evidenceClasses;
  const [members, nearDuplicates, elsewhere, history] = await Promise.all([
    membersWithEvidence(app.db, photo.id, classListSha256),
    nearDuplicatesOf(app.db, view, { photoId: photo.id, wnid }),
    classesWithSameBytes(app.db, scope, { photoId: photo.id, wnid }),
    historyOf(desk, subject),
  ]);
  const ordered = inOrder(members, ensemble.memberIds);
  const seen = await seenBy(workspace, photo.id, ordered);
  const about = {
    photo,
    wnids,
    nameOf: (each: string) => classNameOf(collection, each),
    searched: wnid,
    predicted: photo.confusionWnid,
  };
  const shown = seen.map((model) => modelEvidence(model, about));
  const isOwn = (_: ModelEvidence, i: number): boolean => ensemble.memberIds.includes(ordered[i]?.id ?? -1);
  return {
    members: shown.filter(isOwn),
    outside: shown.filter((model, i) => !isOwn(model, i)),
    alsoSeen: alsoSeen(seen, about),
    nearDuplicates,
    elsewhere: elsewhere.map((one) => ({ ...one, name: about.nameOf(one.wnid) })),
    history,
  };
}

function inOrder(members: readonly ShownMember[], memberIds: readonly number[]): ShownMember[] {
  const placeOf = ({ id }: ShownMember): number => (memberIds.includes(id) ? memberIds.indexOf(id) : memberIds.length);
  return members.toSorted((a, b) => placeOf(a) - placeOf(b));
}

async function seenBy(
  { app }: Workspace,
  photoId: number,
  members: readonly ShownMember[],
): Promise<readonly ModelInputShown[]> {
  const ids = members.map(({ id }) => id);
  const evidence = (await readEvidence(app.db, [photoId], ids)).get(photoId) ?? [];
  return Promise.all(
    members.map(async (member, i) => ({
      model: member.modelName,
      heatmap: await heatmapKindOf(member),
      input: cropSizesOf(member.preprocessing),
      crops: evidence[i] ?? [],
    })),
  );
}

/** A model whose card is missing or has changed has no heatmap. The request for one reports that. */
async function heatmapKindOf({ modelName, modelSha256 }: ShownMember): Promise<ModelEvidence['heatmap']> {
  const card = await cardFor(modelName).catch(() => null);
  const isSame = card?.sha256 === modelSha256;
  return isSame && (await activationHead(card)) !== null ? 'class-activation' : 'occlusion';
}

/** The photo's story in this collection. While the verdict must be blind, it has only the reviewer's own actions. */
async function historyOf(desk: DeskContext, subject: Subject): Promise<PhotoEvidenceShown['history']> {
  const { app, collection, scope } = desk.workspace;
  const [row] = await shownRows(app.db, await deskViewOf(desk), [subject]);
  const isBlind = row?.waits === true;
  const [story] = await readStories(app.db, { sha256Prefix: subject.sha256 });
  const name = (wnid: string): string => classNameOf(collection, wnid);
  const { photo = null, candidates = [], decisions = [] } = story ?? {};
  const events = await eventsOf(app.db, scope.collectionId, [subject]);
  const lines = [
    ...candidates.map((candidate) => ({ at: candidate.foundAt, text: candidateTexts(candidate, name).join(', ') })),
    ...(photo === null ? [] : [{ at: photo.storedAt, text: photoTexts(photo).toReversed().join(', ') }]),
    ...decisions
      .filter((decision) => decision.collection === collection.name)
      .map((decision) => ({ at: decision.decidedAt, text: decisionText(decision, name) })),
    ...events
      .filter((event) => !isBlind || event.reviewer === desk.reviewer)
      .map((event) => ({ at: new Date(event.at), text: eventText(event) })),
  ];
  return lines
    .toSorted((a, b) => a.at.getTime() - b.at.getTime())
    .map(({ at, text }) => ({ at: at.toISOString(), text }));
}
