import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql, type Kysely } from 'kysely';
import sharp from 'sharp';
import type { Workspace } from '../../src/core/models/workspace/workspace.process.ts';
import { storeLicences } from '../../src/core/crawl/candidates/licence.repository.ts';
import { parseQueries } from '../../src/core/crawl/candidates/wanted-class.ts';
import { toSha256 } from '../../src/core/kernel/ids.ts';
import type { Database } from '../../src/core/platform/postgres/database.ts';
import { buildShortlist } from '../../src/core/shortlist/make-shortlist.process.ts';
import { LICENCES, statementsOf, type Portion } from './made-catalogue-sql.ts';

const QUERIES = fileURLToPath(new URL('../../config/classes/queries-imagenet-a.jsonl', import.meta.url));
const SOURCES = ['inaturalist', 'flickr', 'duckduckgo'] as const;
/** The paper's example: it found 81,413 candidates of it and kept 8,925. A made catalogue has a tenth of its candidates of it. */
export const DRAGONFLY = 'n02268443';
const PORTION = 25_000;

interface CatalogueToMake extends Pick<Portion, 'seed' | 'waiting' | 'withBytes' | 'thin'> {
  /** Candidates; a multiple of 50. */
  readonly candidates: number;
  readonly signal: AbortSignal;
  readonly onProgress: (made: number) => void;
}

/**
 * Fills an empty catalogue with what a long crawl and filter of imagenet-a leave: queries, candidates in every state,
 * photos, evidence and the decisions that follow from it, a shortlist; a tenth is of one class. No site was asked and
 * no model ran. The same number and seed give the same catalogue, except for times.
 */
export async function makeCatalogue(workspace: Workspace, make: CatalogueToMake): Promise<void> {
  const { app, scope, collection, ensemble } = workspace;
  const { candidates, seed, withBytes, thin = false, waiting, signal, onProgress } = make;
  await makeQueries(app.db, scope.wnids);
  const parts = {
    seed,
    withBytes,
    thin,
    waiting,
    ...(withBytes ? await jpegAround() : { head: Buffer.from(`made ${seed} `), tail: Buffer.alloc(0) }),
    collectionId: scope.collectionId,
    decisionSha256: Buffer.from(scope.decisionSha256, 'hex'),
    memberIds: ensemble.memberIds,
    wnids: scope.wnids,
    bigClass: scope.wnids.indexOf(DRAGONFLY),
  };
  for (let first = 1; first <= candidates; first += PORTION) {
    signal.throwIfAborted();
    const last = Math.min(candidates, first + PORTION - 1);
    const portion: Portion = { ...parts, first, last };
    await app.db.transaction().execute(async (trx) => {
      await storeLicences(trx, LICENCES);
      for (const statement of statementsOf(portion)) await statement.execute(trx);
    });
    if (withBytes) await writePhotos(workspace, portion);
    onProgress(last);
  }
  await settleQueries(app.db);
  await sql`drop table made_query`.execute(app.db);
  await sql`vacuum analyze`.execute(app.db);
  await buildShortlist(app.db, scope, { policy: collection.policy, backboneId: null });
  await sql`vacuum analyze`.execute(app.db);
}

/** Stores the queries of each class as a crawl would have planned them; `made_query` numbers them by class. */
async function makeQueries(db: Kysely<Database>, wnids: readonly string[]): Promise<void> {
  const lines = parseQueries(await readFile(QUERIES, 'utf8'), QUERIES);
  const rows = wnids.flatMap((wnid) =>
    SOURCES.flatMap((source) => {
      const asked = lines.get(wnid)?.[source];
      const searches = (Array.isArray(asked) ? asked : []).map((one) => ({ key: JSON.stringify(one), kind: 'search' }));
      return [{ key: '', kind: 'plan' }, ...searches].map((row) => ({ ...row, source, wnid }));
    }),
  );
  await sql`
    insert into query (source, wnid, kind, key, title, params, pages, collections)
    select source, wnid, kind, key, case when kind = 'plan' then 'what to ask for ' || wnid else left(key, 80) end, '{}', 1,
      case when kind = 'plan' then array(select id from collection) end
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(source text, wnid text, kind text, key text)
    on conflict do nothing`.execute(db);
  await sql`
    create table made_query as
    select id, source, array_position(${wnids}::text[], wnid) - 1 as class, (row_number() over (partition by wnid order by id) - 1)::int as place,
      (count(*) over (partition by wnid))::int as of
    from query where kind = 'search'`.execute(db);
  await sql`create index on made_query (class, place)`.execute(db);
}

/** Sets the progress of queries from their candidates. One in 20 is open, one in 200 was refused. */
async function settleQueries(db: Kysely<Database>): Promise<void> {
  await sql`
    update query q set seen = coalesce(t.found, 0) * 5 / 4, total = coalesce(t.found, 0) * 3, pages = 1 + coalesce(t.found, 0) / 200,
      state = case when q.kind = 'plan' then 'done' when q.id % 20 = 1 then 'open' when q.id % 200 = 2 then 'refused' else 'done' end
    from (select q.id, sum(t.count) as found from query q left join candidate_tally t
      on t.source = q.source and t.wnid = q.wnid and (t.query_id = q.id or q.kind = 'plan') group by q.id) as t
    where t.id = q.id`.execute(db);
}

/** The bytes before and after a photo's number, which is the comment of a JPEG. */
async function jpegAround(): Promise<{ head: Buffer; tail: Buffer }> {
  const picture = await sharp({ create: { width: 256, height: 192, channels: 3, background: '#7a8b5c' } })
    .jpeg({ quality: 50 })
    .toBuffer();
  // SOI, COM, its length: the eight bytes of the number, and its own two (ITU T.81, B.2.4.5).
  return { head: Buffer.from([0xff, 0xd8, 0xff, 0xfe, 0, 10]), tail: picture.subarray(2) };
}

const NUMBER_BYTES = 8;
const WRITES_AT_ONCE = 64;

/** The files of the photos of a portion that have bytes; not synced. */
async function writePhotos({ app }: Workspace, { first, last, head, tail }: Portion): Promise<void> {
  const numbers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  for (let i = 0; i < numbers.length; i += PHOTOS_AT_ONCE) {
    const { rows } = await sql<{ number: number; sha256: string }>`
      select number, encode(sha256, 'hex') as sha256 from (
        select number, sha256(${head}::bytea || int8send(number) || ${tail}::bytea) as sha256
        from unnest(${numbers.slice(i, i + PHOTOS_AT_ONCE)}::bigint[]) as number) as n
      join photo using (sha256) where bytes_state = 'stored'`.execute(app.db);
    for (let at = 0; at < rows.length; at += WRITES_AT_ONCE)
      await Promise.all(
        rows.slice(at, at + WRITES_AT_ONCE).map(async ({ number, sha256 }) => {
          const middle = Buffer.alloc(NUMBER_BYTES);
          middle.writeBigInt64BE(BigInt(number));
          const file = app.blobs.placeOf(toSha256(sha256));
          await mkdir(path.dirname(file), { recursive: true });
          await writeFile(file, Buffer.concat([head, middle, tail]));
        }),
      );
  }
}

const PHOTOS_AT_ONCE = 5_000;
