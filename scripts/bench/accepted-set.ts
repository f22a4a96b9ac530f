import process from 'node:process';
import { sql } from 'kysely';
import { openApp } from '../../src/core/runtime/open/app.process.ts';
import { openWorkspace, type Workspace } from '../../src/core/models/workspace/workspace.process.ts';
import { usableCollection } from '../../src/core/collection/collection.process.ts';
import { loadConfig } from '../../src/core/config/load-config.ts';
import { softmax } from '../../src/core/models/evidence/softmax.ts';
import { openLogger } from '../../src/core/platform/log/logger.ts';
import { withComment } from '../../test/support/copies.ts';
import { makeShortlistOf } from '../../test/support/made-shortlist.ts';

/** The collection of accepted sets. */
export const COLLECTION = 'imagenet-a';

export interface AcceptedSet {
  readonly photos: number;
  /** Pictures that the photos repeat in turn. Each photo has bytes of its own. */
  readonly pictures: readonly Buffer[];
  /** Adds what a benchmark needs besides. */
  readonly more?: (workspace: Workspace) => Promise<void>;
}

/** Fills a data folder with accepted photos of all classes, with the evidence of the members. */
export async function makeAccepted(dataDir: string, { photos, pictures, more }: AcceptedSet): Promise<void> {
  const { config } = await loadConfig({ argvSettings: [], configFile: undefined, collectionSettings: undefined });
  const log = openLogger({ level: 'warn', format: 'text' }, process.stderr);
  const app = await openApp({ config, log, dataDir, clientName: 'bench' });
  try {
    const workspace = await openWorkspace(app, (await usableCollection(COLLECTION)).collection);
    const first = Array.from({ length: photos }, (_, i) =>
      withComment(pictures[i % pictures.length] ?? Buffer.alloc(0), `photo ${i}`),
    );
    await makeShortlistOf(workspace, { photos, first });
    const { collectionId, wnids } = workspace.scope;
    // All photos are made for the first class. Spread over all classes, they are like a real set.
    const wnid = sql`(${wnids}::text[])[1 + photo_id % ${wnids.length}::int]`;
    await sql`update decision set wnid = ${wnid} where collection_id = ${collectionId}`.execute(app.db);
    await sql`update shortlist_entry set wnid = ${wnid} where collection_id = ${collectionId}`.execute(app.db);
    await sql`update candidate c set wnid = ${wnid} from picture p where p.id = c.picture_id`.execute(app.db);
    await giveEvidence(workspace, workspace.ensemble.memberIds);
    await more?.(workspace);
    // The photos are spread over few confusions, so no cap may leave them out.
    await sql`update shortlist set cap = 1000000 where collection_id = ${collectionId}`.execute(app.db);
    await sql`
      insert into verdict (collection_id, wnid, sha256, state)
      select e.collection_id, e.wnid, f.sha256, 'accepted' from shortlist_entry e join photo f on f.id = e.photo_id
      where e.collection_id = ${collectionId}`.execute(app.db);
    await sql`
      insert into review_event (collection_id, sha256, wnid, reviewer, client, sequence, kind, value)
      select v.collection_id, v.sha256, v.wnid, 'bench', 'bench', row_number() over (order by v.sha256), 'verdict',
        '{"verdict": "accept", "reason": null, "shownBy": "grid", "isBlind": true}'::jsonb
      from verdict v where v.collection_id = ${collectionId}`.execute(app.db);
    await sql`vacuum analyze`.execute(app.db);
  } finally {
    await app.close();
  }
}

/** The logit of the class that a photo is taken for. All others are 0. */
const CONFIDENT = 8;

/** Gives every photo the evidence that its decision needs: all crops of all members, with logits. */
async function giveEvidence({ app, scope }: Workspace, memberIds: readonly number[]): Promise<void> {
  const { wnids, collectionId } = scope;
  const logits = wnids.map((_, confusion) =>
    Buffer.from(Float32Array.from(wnids, (_each, at) => (at === confusion ? CONFIDENT : 0)).buffer),
  );
  const [confusionProb = 0, trueProb = 0] = softmax([CONFIDENT, ...wnids.slice(1).map(() => 0)]);
  // The class of a photo is not the one that it is taken for.
  await sql`
    update decision d set confusion_wnid = (${wnids}::text[])[1 + (array_position(${wnids}::text[], d.wnid) + 6) % ${wnids.length}::int],
      confusion_prob = ${confusionProb}, max_true_prob = ${trueProb} where collection_id = ${collectionId}`.execute(
    app.db,
  );
  await sql`
    insert into evidence (photo_id, member_id, crop, top1, top1_prob, true_classes, true_probs, logits)
    select d.photo_id, m.id, c, array_position(${wnids}::text[], d.confusion_wnid) - 1, ${confusionProb}::float8,
      array[array_position(${wnids}::text[], d.wnid) - 1]::smallint[], array[${trueProb}::float8],
      (${logits}::bytea[])[array_position(${wnids}::text[], d.confusion_wnid)]
    from decision d cross join unnest(${memberIds}::int[]) as m(id) cross join generate_series(0, 9) as c
    where d.collection_id = ${collectionId}`.execute(app.db);
}
