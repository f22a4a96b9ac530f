import { sql, type RawBuilder, type Transaction } from 'kysely';
import type { Wnid } from '../../kernel/ids.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { membersOnEach, sigmoidMembers } from '../../models/evidence/evidence.repository.ts';
import type { RelatedMember } from '../../models/evidence/related-members.ts';
import { inScope } from '../run/decision.repository.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import { countedCells, type CellSpan } from '../rule/stored-cells.ts';

/** The collection's present state of a photo of a class. `in-reference-set` and `failed` do not depend on the policy. */
export type PresentState = 'undecided' | 'kept' | 'dropped' | 'in-reference-set' | 'failed';

export interface StoredPhoto {
  readonly photoId: number;
  /** The subject that it is a candidate for: position among the subjects. */
  readonly subject: number;
  /** The true class: position in the class list; -1 in mode O. */
  readonly truth: number;
  readonly present: PresentState;
  /** The predicted class of a kept photo: position in the class list; -1 otherwise. */
  readonly confusion: number;
  readonly confusionProb: number;
  readonly cells: readonly CellSpan[];
  /** For each equivalent member, summaries over more classes. */
  readonly relatedCells: readonly CellSpan[];
}

/** Ids in one page, which takes a few megabytes. */
const IDS_PER_PAGE = 20_000;

const PRESENT: readonly PresentState[] = ['undecided', 'kept', 'dropped', 'in-reference-set', 'failed'];
const PRESENT_OF_DECISION = sql`case when d.state is null then 0 when d.state = 'kept' then 1 when d.reason = 'in-reference-set' then 3
  when d.state = 'dropped' then 2 else 4 end`;

interface PagesAsked {
  readonly memberIds: readonly number[];
  readonly related?: readonly RelatedMember[];
  readonly subjects: readonly Wnid[];
  readonly range?: Partial<Range>;
}

/** Pages of ascending ids. One transaction gives a consistent snapshot of the catalogue. */
export async function* storedPages(
  trx: Transaction<Database>,
  scope: DecisionScope,
  { memberIds, related = [], subjects, range = {} }: PagesAsked,
): AsyncGenerator<StoredPhoto[]> {
  const { rows } = await sql<{ last: number | null }>`select max(id) as last from photo`.execute(trx);
  const { from: first = 0, before: end = Number.POSITIVE_INFINITY } = range;
  const before = Math.min(end, (rows[0]?.last ?? -1) + 1);
  // Pages are sorted and joined in memory.
  await sql`set local work_mem = '64MB'`.execute(trx);
  for (let from = first; from < before; from += IDS_PER_PAGE) {
    const page = { from, before: Math.min(from + IDS_PER_PAGE, before) };
    const cells = await readCells(trx, memberIds, page);
    const relatedIds = related.map(({ memberId }) => memberId);
    const relatedCells = related.length === 0 ? (): CellSpan[] => [] : await readCells(trx, relatedIds, page);
    yield await readPhotos(trx, { scope, subjects, range: page, cells, relatedCells });
  }
}

interface Range {
  readonly from: number;
  readonly before: number;
}

const PHOTO_BYTES = 24;

interface PageParts {
  readonly scope: DecisionScope;
  readonly subjects: readonly Wnid[];
  readonly range: Range;
  readonly cells: (photoId: number) => readonly CellSpan[];
  readonly relatedCells: (photoId: number) => readonly CellSpan[];
}

/**
 * Reads the photos as one value, because reading a hundred thousand rows one by one takes several times as long. The
 * range is repeated for decisions, because PostgreSQL does not infer it.
 */
async function readPhotos(
  trx: Transaction<Database>,
  { scope, subjects, range, cells, relatedCells }: PageParts,
): Promise<StoredPhoto[]> {
  const { rows } = await sql<{ packed: Buffer | null }>`
    select string_agg(int8send(s.photo_id) || int4send(k.at) || int2send((${PRESENT_OF_DECISION})::smallint)
      || int2send(coalesce(t.at, -1)::smallint) || float8send(coalesce(d.confusion_prob, 0)), ''::bytea) as packed
    from ${inScope(scope, sql`p.photo_id >= ${range.from} and p.photo_id < ${range.before}`)} as s
    join ${positions(subjects)} as k on k.wnid = s.wnid
    left join decision d on d.collection_id = ${scope.collectionId} and d.photo_id = s.photo_id and d.wnid = s.wnid
      and d.photo_id >= ${range.from} and d.photo_id < ${range.before} and d.decision_sha256 = ${Buffer.from(scope.decisionSha256, 'hex')}
    left join ${positions(scope.wnids)} as t on t.wnid = d.confusion_wnid`.execute(trx);
  const view = viewOf(rows[0]?.packed);
  const truths = truthsOf(scope, subjects);
  const photos = Array.from({ length: view.byteLength / PHOTO_BYTES }, (_, i): StoredPhoto => {
    const at = PHOTO_BYTES * i;
    const photoId = idAt(view, at);
    const subject = view.getInt32(at + 8);
    return {
      photoId,
      subject,
      truth: truths[subject] ?? -1,
      present: PRESENT[view.getInt16(at + 12)] ?? 'undecided',
      confusion: view.getInt16(at + 14),
      confusionProb: view.getFloat64(at + 16),
      cells: cells(photoId),
      relatedCells: relatedCells(photoId),
    };
  });
  return photos.toSorted((a, b) => a.photoId - b.photoId || a.subject - b.subject);
}

/** For each subject its position in the class list; -1 in mode O. */
function truthsOf({ wnids, concepts }: DecisionScope, subjects: readonly Wnid[]): number[] {
  if (concepts !== undefined) return [];
  const at = new Map(wnids.map((wnid, i) => [wnid, i]));
  return subjects.map((wnid) => at.get(wnid) ?? -1);
}

function viewOf(packed: Buffer | null | undefined): DataView {
  const bytes = packed ?? Buffer.alloc(0);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A bigint that is an id: below 2^53. */
function idAt(view: DataView, at: number): number {
  return view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
}

function positions(wnids: readonly Wnid[]): RawBuilder<unknown> {
  return sql`(select wnid, (place - 1)::int as at from unnest(${wnids}::text[]) with ordinality as u(wnid, place))`;
}

const CELLS_HEAD_BYTES = 16;

async function readCells(
  trx: Transaction<Database>,
  memberIds: readonly number[],
  { from, before }: Range,
): Promise<(photoId: number) => readonly CellSpan[]> {
  const onEach = await membersOnEach(trx, memberIds);
  const ids = onEach.flat();
  const sigmoid = await sigmoidMembers(trx, ids);
  const { rows } = await sql<{ packed: Buffer | null }>`
    select string_agg(int8send(photo_id) || int4send(member_id) || int4send(length(cells)) || cells, ''::bytea) as packed
    from evidence_digest where photo_id >= ${from} and photo_id < ${before} and member_id = any(${ids}::int[])`.execute(
    trx,
  );
  const view = viewOf(rows[0]?.packed);
  // For each id of the page and each member on each provider, where its cells start and end.
  const spans = new Int32Array(2 * ids.length * (before - from));
  for (let at = 0; at < view.byteLength;) {
    const span = 2 * ((idAt(view, at) - from) * ids.length + ids.indexOf(view.getInt32(at + 8)));
    spans[span] = at + CELLS_HEAD_BYTES;
    at += CELLS_HEAD_BYTES + view.getInt32(at + 12);
    spans[span + 1] = at;
  }
  const spanOf = (photoId: number, id: number): CellSpan => {
    const span = 2 * ((photoId - from) * ids.length + ids.indexOf(id));
    return { view, start: spans[span] ?? 0, end: spans[span + 1] ?? 0, isSigmoid: sigmoid.has(id) };
  };
  return (photoId) => onEach.map((providers) => countedCells(providers.map((id) => spanOf(photoId, id))));
}
