import { sql } from 'kysely';
import type { Workspace } from '../../src/core/models/workspace/workspace.process.ts';
import { linkAll } from './catalogue-fixtures.ts';
import { sha256Of } from './sha256.ts';

/**
 * Fills an empty catalogue with a shortlist, as large as wanted, for what is measured or tried with the review. Each photo is
 * kept under the collection's rules. No site was asked and no model ran.
 *
 * @param made the number of photos, and the bytes of those of the first class, which are reviewed first; the others have none
 */
export async function makeShortlistOf(
  { app, scope }: Workspace,
  made: { readonly photos: number; readonly first: readonly Buffer[] },
): Promise<void> {
  const { photos, first } = made;
  const { db, blobs } = app;
  const wnids = scope.classes ?? scope.wnids;
  const shas = first.map((bytes) => sha256Of(bytes));
  for (const bytes of first) await blobs.put(sha256Of(bytes), bytes);
  const rules = Buffer.from(scope.decisionSha256, 'hex');
  await db.transaction().execute(async (trx) => {
    await sql`
      create temp table made on commit drop as
      select n, case when n <= ${first.length}::int then decode((${shas}::text[])[n], 'hex') else sha256(int4send(n)) end as sha256,
        (${wnids}::text[])[case when n <= ${first.length}::int then 1 else 2 + n % ${wnids.length - 1}::int end] as wnid,
        (${scope.wnids}::text[])[1 + (n / 7) % ${scope.wnids.length}::int] as confusion, n * 0.15 / ${photos}::int as p
      from generate_series(1, ${photos}::int) as n`.execute(trx);
    await sql`
      insert into photo (sha256, format, width, height, bytes, exif_orientation, perceptual_hash, fine_hash)
      select sha256, 'jpeg', 1024, 768, 100000, 1, substr(sha256, 1, 8), decode(repeat('01', 255), 'hex') from made order by n`.execute(
      trx,
    );
    await sql`
      insert into picture (source, source_id, url, page_url, creator, licence, state, photo_id, settled_at)
      select 'flickr', n::text, 'https://flickr.invalid/' || n, 'https://flickr.invalid/photos/' || n, 'somebody ' || n % 97, 'CC-BY-4.0',
        'fetched', f.id, now()
      from made m join photo f using (sha256) order by n`.execute(trx);
    await sql`
      insert into candidate (picture_id, wnid) select p.id, m.wnid from made m join picture p on p.source_id = m.n::text order by n`.execute(
      trx,
    );
    await linkAll(trx, scope.collectionId);
    await sql`
      insert into decision (collection_id, photo_id, wnid, state, max_true_prob, is_lower_bound, confusion_wnid, confusion_prob, decision_sha256)
      select ${scope.collectionId}, f.id, m.wnid, 'kept', m.p, false, m.confusion, 0.9, ${rules}
      from made m join photo f using (sha256)`.execute(trx);
    await sql`
      insert into shortlist (collection_id, cap, near_duplicate_distance, decision_sha256)
      values (${scope.collectionId}, 15, 6, ${rules})`.execute(trx);
    await sql`
      insert into shortlist_entry (collection_id, wnid, photo_id, position, rank, state, confusion_wnid, max_true_prob, confusion_prob, also_in)
      select ${scope.collectionId}, m.wnid, f.id, row_number() over (order by m.wnid, n) - 1, row_number() over (partition by m.wnid order by n),
        'listed', m.confusion, m.p, 0.9, '{}'
      from made m join photo f using (sha256)`.execute(trx);
  });
  await sql`vacuum analyze`.execute(db);
}
