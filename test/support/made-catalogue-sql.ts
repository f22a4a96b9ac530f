import { sql, type RawBuilder } from 'kysely';

/** A portion of the numbers of `makeCatalogue`. Every number is one candidate. The seed decides everything. */
export interface Portion {
  /** Numbers first..last; first - 1 is a multiple of 50. */
  readonly first: number;
  readonly last: number;
  readonly seed: number;
  readonly collectionId: number;
  readonly decisionSha256: Buffer;
  /** Two, in the order of the ensemble. */
  readonly memberIds: readonly number[];
  readonly wnids: readonly string[];
  /** The position of the class that has a tenth of all candidates. */
  readonly bigClass: number;
  /** The bytes of a photo: this, its number, that. */
  readonly head: Buffer;
  readonly tail: Buffer;
  /** Of all pictures, 0..1: those that are still to be fetched. */
  readonly waiting: number;
  /** True: photos that keep their bytes are small JPEGs on disk. Otherwise `doctor --deep` reports them as missing. */
  readonly withBytes: boolean;
  /** True: no evidence is stored, only the decisions. */
  readonly thin?: boolean;
}

/** Crops in the order in which the filter would ask for them. */
const CROPS = [4, 9, 0, 1, 2, 3, 5, 6, 7, 8];
/** Logits are sixteenths below this. */
const LOGITS = 160;

/** A number of 0..1 for a whole number, another one for each purpose. */
const uniform = (seed: number, number: string, purpose: number): string =>
  `((hashint8extended(${number}, ${seed * 100 + purpose}) & 2147483647)::float8 / 2147483648)`;

/** One of some values, each as likely as any other. */
const pick = (values: readonly string[], at: string): RawBuilder<unknown> =>
  sql`(${values}::text[])[1 + floor(${sql.raw(at)} * ${values.length}::int)::int]`;

const FAILED = ['http-404', 'http-404', 'http-404', 'connect', 'dns', 'truncated', 'not-an-image', 'timeout-total'];
const DROPPED = ['too-small', 'too-small', 'opted-out', 'robots-disallowed', 'aspect-ratio'];
export const LICENCES = ['CC-BY-NC-4.0', 'CC-BY-NC-4.0', 'CC-BY-4.0', 'CC0-1.0', 'all-rights-reserved', 'unknown'];

/**
 * Chooses the state of each number. One in 50 is a second class of the picture before. One in 100 is of no class of the
 * collection. Two pictures in 100 have the bytes of another one.
 */
function makeNumbers({ first, last, seed, wnids, bigClass, waiting }: Portion): RawBuilder<unknown> {
  const u = (number: string, purpose: number): RawBuilder<unknown> => sql.raw(uniform(seed, number, purpose));
  return sql`
    create temp table made on commit drop as
    with numbers as (
      select n, n % 50 = 0 as is_second, n % 100 = 7 as is_stranger, case when n % 50 = 0 then n - 1 else n end as picture_no
      from generate_series(${first}::bigint, ${last}::bigint) as n),
    bytes as (
      select *, case when ${u('picture_no', 1)} < 0.02 and picture_no % 50 <> 49
        then greatest(1, picture_no - 1 - picture_no % 5) else picture_no end as photo_no from numbers),
    classes as (
      select *, case when ${u('photo_no', 2)} < 0.1 then ${bigClass}::int
        else floor(${wnids.length}::int * power(${u('photo_no', 3)}, 1.3))::int end as truth,
        ${u('picture_no', 4)} as fate, ${u('photo_no', 5)} as verdict from bytes),
    asked as (
      select c.*, q.id as query_id, coalesce(q.source, 'urls') as source,
        case when is_stranger then 'thing ' || n % 9 else (${wnids}::text[])[1 + (case when is_second then truth + 1 else truth end) % ${wnids.length}::int] end as wnid
      from classes c left join made_query q on not c.is_stranger and q.class = c.truth
        and q.place = floor(${u('picture_no', 6)} * q.of)::int)
    select *, case when is_stranger then 'dropped' when fate < ${waiting}::float8 then 'found' when fate < 0.14 then 'failed' when fate < 0.17 then 'dropped' else 'fetched' end as state,
      case when is_stranger then 'unknown-class' when fate < ${waiting}::float8 then null when fate < 0.14 then ${pick(FAILED, uniform(seed, 'picture_no', 7))}
        when fate < 0.17 then ${pick(DROPPED, uniform(seed, 'picture_no', 7))} end as reason,
      -- A class that many photos were found for keeps more of them: the paper's dragonflies do.
      case when is_second or verdict < 0.05 then 'undecided' when verdict < 0.0505 then 'failed'
        when verdict < 0.0505 + case when truth = ${bigClass}::int then 0.14 else 0.08 end then 'kept'
        when verdict < 0.8 then 'correct' else 'confident' end as decision,
      (truth + 1 + floor(12 * power(${u('photo_no', 8)}, 2))::int) % ${wnids.length}::int as confusion,
      null::bigint as photo_id
    from asked`;
}

/** Photos in the order of their numbers. What every class has dropped has lost its bytes, as with `blobs.retain: kept`. */
function makePhotos({ seed, head, tail, withBytes }: Portion): RawBuilder<unknown>[] {
  const sha256 = sql`sha256(${head}::bytea || int8send(photo_no) || ${tail}::bytea)`;
  const size = head.length + 8 + tail.length;
  return [
    sql`
    insert into photo (sha256, format, width, height, bytes, exif_orientation, perceptual_hash, fine_hash, bytes_state, pruned_at)
    select ${sha256}, 'jpeg', 1024, 768, case when not is_pruned and ${withBytes}::boolean then ${size} else 40000 + floor(200000 * verdict) end, 1,
      substr(case when ${sql.raw(uniform(seed, 'photo_no', 9))} < 0.05 then sha256(convert_to(truth || ' ' || photo_no % 300, 'UTF8')) else ${sha256} end, 1, 8), decode(repeat('01', 255), 'hex'),
      case when is_pruned then 'pruned' else 'stored' end, case when is_pruned then now() end
    from (select distinct on (photo_no) *, photo_no % 50 <> 49 and decision in ('correct', 'confident') as is_pruned
      from made where state = 'fetched' and not is_second order by photo_no) as one
    order by photo_no on conflict do nothing`,
    sql`update made set photo_id = photo.id from photo where made.state = 'fetched' and photo.sha256 = ${sha256}`,
  ];
}

/** Nobody answers at these addresses. */
const makePictures = ({ seed }: Portion): RawBuilder<unknown> => sql`
  insert into picture (source, source_id, url, page_url, creator, licence, licence_url, state, reason, detail, photo_id, host, settled_at)
  select source, picture_no::text, 'https://' || host || '/65535/' || picture_no || '_' || left(md5(picture_no::text), 10) || '_b.jpg',
    'https://www.' || source || '.invalid/photos/' || picture_no % 9973 || '/' || picture_no, 'somebody ' || picture_no % 9973,
    ${pick(LICENCES, uniform(seed, 'picture_no', 10))}, null, state, reason, case when reason is not null then 'made: ' || reason end, photo_id, host,
    case when state <> 'found' then now() end
  from (select *, case when source = 'duckduckgo' then 'host' || picture_no % 3001 || '.invalid' else source || '.invalid' end as host
    from made where not is_second) as one order by picture_no`;

const makeLinks = ({ collectionId }: Portion): RawBuilder<unknown> => sql`
  insert into collection_candidate (candidate_id, collection_id)
  select c.id, ${collectionId}::int from made m join picture p on p.source = m.source and p.source_id = m.picture_no::text
  join candidate c on c.picture_id = p.id and c.wnid = m.wnid order by c.id`;

const makeCandidates = sql`
  insert into candidate (picture_id, wnid, refusal, refusal_detail, query_id)
  select p.id, m.wnid, case when is_stranger then 'unknown-class' end, case when is_stranger then m.wnid end, case when not is_second then m.query_id end
  from made m join picture p on p.source = m.source and p.source_id = m.picture_no::text order by m.n`;

/**
 * Stores logits of each crop that ran, as grid points; all others are 0. A kept photo shows its confusion on all crops of
 * both members. A dropped one does so up to its last crop, which shows why it is dropped.
 */
const makeCells = ({ seed, collectionId, memberIds, wnids, thin = false }: Portion): RawBuilder<unknown> => {
  const u = (purpose: number): RawBuilder<unknown> => sql.raw(uniform(seed, 'photo_no * 32 + i', purpose));
  return sql`
    create temp table cell on commit drop as
    select *, exp(true_logit / 16.0::float8) / total as true_prob, exp(confusion_logit / 16.0::float8) / total as confusion_prob
    from (
      select *, ${wnids.length - 2}::int + exp(true_logit / 16.0::float8) + exp(confusion_logit / 16.0::float8) as total
      from (
        select photo_id, wnid, truth, confusion, decision, i, i = runs - 1 as is_last,
          (${memberIds}::int[])[1 + i % 2] as member_id, (${CROPS}::int[])[1 + i / 2] as crop,
          case when decision = 'correct' and i = runs - 1 then 140 when decision = 'confident' and i = runs - 1 then 110
            else floor(90 * ${u(11)})::int end as true_logit,
          118 + floor(18 * ${u(12)})::int as confusion_logit
        from (
          select distinct on (photo_no) *, case when ${thin}::boolean then 1 when decision = 'kept' then 20 when verdict * 1000 - floor(verdict * 1000) < 0.7 then 1
            when verdict * 1000 - floor(verdict * 1000) < 0.9 then 2 else 6 end as runs
          from made where photo_id is not null and decision in ('kept', 'correct', 'confident')
            and not exists (select 1 from decision d where d.collection_id = ${collectionId} and d.photo_id = made.photo_id) order by photo_no) as one
        cross join lateral generate_series(0, runs - 1) as i) as logits) as sums`;
};

const makeEvidence = ({ wnids }: Portion): RawBuilder<unknown> => {
  const floats = Array.from({ length: LOGITS }, (_, i) => {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(i / 16);
    return bytes;
  });
  const at = (logit: string): RawBuilder<unknown> => sql`(${floats}::bytea[])[${sql.raw(logit)} + 1]`;
  return sql`
    insert into evidence (photo_id, member_id, crop, top1, top1_prob, true_classes, true_probs, logits)
    select photo_id, member_id, crop, case when true_logit > confusion_logit then truth else confusion end, greatest(true_prob, confusion_prob),
      array[truth]::smallint[], array[true_prob],
      case when decision = 'kept' then overlay(overlay(${Buffer.alloc(4 * wnids.length)}::bytea placing ${at('confusion_logit')} from 4 * confusion + 1)
        placing ${at('true_logit')} from 4 * truth + 1) end
    from cell order by photo_id, member_id, crop`;
};

const makeDecisions = ({ collectionId, decisionSha256, wnids }: Portion): RawBuilder<unknown> => sql`
  insert into decision (collection_id, photo_id, wnid, state, reason, detail, max_true_prob, is_lower_bound, member_id, crop, confusion_wnid, confusion_prob, decision_sha256)
  select ${collectionId}::int, photo_id, wnid, case when decision = 'kept' then 'kept' else 'dropped' end, case when decision <> 'kept' then decision end, null,
    max(true_prob), decision <> 'kept', case when decision <> 'kept' then max(member_id) filter (where is_last) end,
    case when decision <> 'kept' then max(crop) filter (where is_last) end,
    case when decision = 'kept' then (${wnids}::text[])[1 + min(confusion)] end, case when decision = 'kept' then avg(confusion_prob) end, ${decisionSha256}::bytea
  from cell group by photo_id, wnid, decision
  union all
  select distinct ${collectionId}::int, photo_id, wnid, 'failed', 'undecodable', 'made', null::float8, true, null::int, null::int, null, null::float8, ${decisionSha256}::bytea
  from made where decision = 'failed' and photo_id is not null
  on conflict do nothing`;

/** One transaction's statements, in their order. */
export function statementsOf(portion: Portion): RawBuilder<unknown>[] {
  return [
    makeNumbers(portion),
    ...makePhotos(portion),
    makePictures(portion),
    makeCandidates,
    makeLinks(portion),
    makeCells(portion),
    ...(portion.thin === true ? [] : [makeEvidence(portion)]),
    makeDecisions(portion),
  ];
}
