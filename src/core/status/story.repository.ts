import type { DecisionLine } from '../filter/run/decision-line.ts';
import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Sha256 } from '../kernel/ids.ts';
import { hasSigmoid } from '../models/evidence/member.ts';
import { probabilities } from '../models/evidence/softmax.ts';
import { photosOfFiles, type HashRange } from '../photo/takedown.repository.ts';
import type { BytesState } from '../photo/photo.ts';
import type { Database } from '../platform/postgres/database.ts';
import { reviewedAndGone, reviewsOfPhoto, type StoryReview } from './not-counting.repository.ts';
import type { CandidateSighting } from './candidate-list.repository.ts';
import { PHOTO_FACTS, saidCreator } from '../crawl/candidates/candidate.repository.ts';
import type { Rights } from '../shortlist/photo-of-class.repository.ts';

export interface Story {
  readonly photo: StoryPhoto | null;
  readonly candidates: readonly StoryCandidate[];
  readonly decisions: readonly StoryDecision[];
  readonly evidence: readonly StoryCrop[];
  /** Those of a photo that was taken down are all that is left of it. */
  readonly reviews: readonly StoryReview[];
}

export interface StoryPhoto {
  readonly id: number;
  readonly sha256: Sha256;
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly exifOrientation: number;
  readonly perceptualHash: string;
  readonly storedAt: Date;
  readonly bytesState: BytesState;
  readonly prunedAt: Date | null;
}

export interface StoryCandidate extends CandidateSighting, Pick<Rights, 'rightsBy'> {
  /** The creator that the source names. */
  readonly sourceCreator: string | null;
  readonly state: string;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly foundAt: Date;
  /** The names of the collections whose crawls found it, sorted. */
  readonly collections: readonly string[];
}

export interface StoryDecision extends Omit<
  DecisionLine,
  'sha256' | 'source' | 'sourceId' | 'candidates' | 'confusion' | 'crops'
> {
  readonly collection: string;
  readonly confusionWnid: string | null;
  readonly confusionProb: number | null;
  readonly decidedAt: Date;
  /** False if the collection's rules have changed since: the next filter run decides again. */
  readonly isCurrent: boolean;
  readonly shortlist: {
    readonly state: string;
    readonly rank: number | null;
    readonly reason: string | null;
    readonly twinSha256: string | null;
    readonly twinBy: string | null;
  } | null;
}

export interface StoryCrop {
  readonly classList: string;
  readonly collections: readonly string[];
  readonly model: string;
  readonly executionProvider: string;
  readonly crop: number;
  readonly top1: string;
  readonly pTop1: number;
  readonly hasLogits: boolean;
  /** p(class) of each class that the photo is a candidate for, where it is stored or can be derived. */
  readonly pTrue: Readonly<Record<string, number>>;
  readonly decides: readonly { readonly collection: string; readonly wnid: string }[];
}

/** Finds a photo by the hash of its bytes or of an exported file (or its first digits), or a picture by its id at the source. */
export type StoryKey = { readonly sha256Prefix: string } | { readonly source: string; readonly sourceId: string };

/** Returns one story for each match: several if the first digits of a hash fit several photos. */
export async function readStories(db: Kysely<Database>, key: StoryKey): Promise<Story[]> {
  if ('sha256Prefix' in key) {
    const range = rangeOf(key.sha256Prefix);
    const ids = await photoIdsIn(db, range);
    const gone = await reviewedAndGone(db, range);
    return Promise.all([
      ...ids.map((id) => storyOfPhoto(db, id)),
      ...gone.map(async (sha256) => ({ ...NOTHING, reviews: await reviewsOfPhoto(db, sha256) })),
    ]);
  }
  const { rows } = await sql<{ id: number; photoId: number | null }>`
    select id, coalesce(photo_id, refetch_photo_id) as "photoId" from picture
    where source = ${key.source} and source_id = ${key.sourceId}`.execute(db);
  const [picture] = rows;
  if (picture === undefined) return [];
  if (picture.photoId !== null) return [await storyOfPhoto(db, picture.photoId)];
  return [{ ...NOTHING, candidates: await candidatesWhere(db, sql`p.id = ${picture.id}`) }];
}

const NOTHING: Story = { photo: null, candidates: [], decisions: [], evidence: [], reviews: [] };

function rangeOf(prefix: string): HashRange {
  return { from: Buffer.from(prefix.padEnd(64, '0'), 'hex'), to: Buffer.from(prefix.padEnd(64, 'f'), 'hex') };
}

async function photoIdsIn(db: Kysely<Database>, range: HashRange): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from photo where sha256 between ${range.from} and ${range.to} or sha256 = any(${photosOfFiles(range)})
    order by sha256 limit 10`.execute(db);
  return rows.map((row) => row.id);
}

async function storyOfPhoto(db: Kysely<Database>, photoId: number): Promise<Story> {
  const { rows } = await sql<StoryPhoto>`
    select id, encode(sha256, 'hex') as sha256, format, width, height, bytes, exif_orientation as "exifOrientation",
      encode(perceptual_hash, 'hex') as "perceptualHash", stored_at as "storedAt", bytes_state as "bytesState", pruned_at as "prunedAt"
    from photo where id = ${photoId}`.execute(db);
  const [photo] = rows;
  return {
    photo: photo ?? null,
    candidates: await candidatesWhere(db, sql`(p.photo_id = ${photoId} or p.refetch_photo_id = ${photoId})`),
    decisions: await decisionsOf(db, photoId),
    evidence: await evidenceOf(db, photoId),
    reviews: photo === undefined ? [] : await reviewsOfPhoto(db, photo.sha256),
  };
}

async function candidatesWhere(db: Kysely<Database>, where: RawBuilder<unknown>): Promise<StoryCandidate[]> {
  const { rows } = await sql<StoryCandidate>`
    select p.source, p.source_id as "sourceId", c.wnid, p.url, p.page_url as "pageUrl", p.creator, p.licence, p.licence_url as "licenceUrl",
      ${PHOTO_FACTS}, p.rights_by as "rightsBy", ${saidCreator()} as "sourceCreator",
      case when c.refusal is null then p.state else 'dropped' end as state, coalesce(c.refusal, p.reason) as reason,
      coalesce(c.refusal_detail, p.detail) as detail, c.found_at as "foundAt",
      array(select k.name from collection_candidate l join collection k on k.id = l.collection_id
        where l.candidate_id = c.id order by k.name) as collections
    from candidate c join picture p on p.id = c.picture_id where ${where} order by c.id`.execute(db);
  return rows;
}

async function decisionsOf(db: Kysely<Database>, photoId: number): Promise<StoryDecision[]> {
  const { rows } = await sql<StoryDecision>`
    select k.name as collection, d.wnid, d.state, d.reason, d.detail, d.max_true_prob as "maxTrueProb",
      d.is_lower_bound as "maxTrueProbIsLowerBound",
      case when m.id is not null then jsonb_build_object('model', m.model_name, 'crop', d.crop) end as "decidedBy",
      d.confusion_wnid as "confusionWnid", d.confusion_prob as "confusionProb", d.decided_at as "decidedAt",
      d.decision_sha256 = k.decision_sha256 as "isCurrent",
      case when e.photo_id is not null then
        jsonb_build_object('state', e.state, 'rank', e.rank, 'reason', e.reason, 'twinSha256', encode(twin.sha256, 'hex'), 'twinBy', e.twin_by) end as shortlist
    from decision d join collection k on k.id = d.collection_id left join member m on m.id = d.member_id
    left join shortlist_entry e on e.collection_id = d.collection_id and e.photo_id = d.photo_id and e.wnid = d.wnid
    left join photo twin on twin.id = e.twin_photo_id
    where d.photo_id = ${photoId} order by k.name, d.wnid`.execute(db);
  return rows;
}

interface StoredCrop extends Omit<StoryCrop, 'pTrue'> {
  readonly top1Index: number;
  readonly truths: readonly { readonly wnid: string; readonly position: number }[];
  readonly trueClasses: readonly number[];
  readonly trueProbs: readonly number[];
  readonly logits: Buffer | null;
  readonly preprocessing: string;
}

async function evidenceOf(db: Kysely<Database>, photoId: number): Promise<StoryCrop[]> {
  const { rows } = await sql<StoredCrop>`
    with classes as (
      select c.wnid from candidate c join picture p on p.id = c.picture_id where p.photo_id = ${photoId} and c.refusal is null
      union select wnid from decision where photo_id = ${photoId})
    select encode(l.sha256, 'hex') as "classList", m.model_name as model, m.execution_provider as "executionProvider", m.preprocessing, e.crop, l.wnids[e.top1 + 1] as top1, e.top1 as "top1Index",
      e.top1_prob as "pTop1", e.true_classes as "trueClasses", e.true_probs as "trueProbs", e.logits, e.logits is not null as "hasLogits",
      (select coalesce(array_agg(k.name order by k.name), '{}') from collection k
        where k.definition ->> 'classListSha256' = encode(l.sha256, 'hex')) as collections,
      (select coalesce(jsonb_agg(jsonb_build_object('wnid', t.wnid, 'position', array_position(l.wnids, t.wnid) - 1) order by t.wnid), '[]')
        from classes t where t.wnid = any(l.wnids)) as truths,
      (select coalesce(jsonb_agg(jsonb_build_object('collection', k.name, 'wnid', d.wnid) order by k.name, d.wnid), '[]')
        from decision d join collection k on k.id = d.collection_id
        join counted_evidence v on v.photo_id = d.photo_id and v.member_id = d.member_id and v.crop = d.crop
        join member c on c.id = v.member_id
        where d.photo_id = e.photo_id and d.crop = e.crop and v.execution_provider = m.execution_provider
          and (c.model_sha256, c.preprocessing, c.class_list_id) = (m.model_sha256, m.preprocessing, m.class_list_id)) as decides
    from evidence e join member m on m.id = e.member_id join class_list l on l.id = m.class_list_id
    where e.photo_id = ${photoId} order by l.id, m.id, e.crop`.execute(db);
  return rows.map(toStoryCrop);
}

function toStoryCrop({
  top1Index,
  truths,
  trueClasses,
  trueProbs,
  logits,
  preprocessing,
  ...crop
}: StoredCrop): StoryCrop {
  const derived = logits === null ? [] : probabilities(floatsOf(logits), hasSigmoid({ preprocessing }));
  const pTrue = truths.flatMap(({ wnid, position }): [string, number][] => {
    const stored =
      trueProbs[trueClasses.indexOf(position)] ?? (position === top1Index ? crop.pTop1 : derived[position]);
    return stored === undefined ? [] : [[wnid, stored]];
  });
  return { ...crop, pTrue: Object.fromEntries(pTrue) };
}

function floatsOf(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
}

/** By wnid, if they differ from ImageNet's. If there are two names, that of the alphabetically first collection counts. */
export async function readClassNames(
  db: Kysely<Database>,
  usual: ReadonlyMap<string, { readonly name: string }>,
): Promise<Map<string, string>> {
  const { rows } = await sql<{ wnid: string; name: string }>`
    select n.key as wnid, n.value as name from collection k, jsonb_each_text(coalesce(k.definition -> 'names', '{}')) as n
    order by k.name desc`.execute(db);
  const own = rows.filter(({ wnid, name }) => usual.get(wnid)?.name !== name);
  return new Map(own.map(({ wnid, name }) => [wnid, name]));
}
