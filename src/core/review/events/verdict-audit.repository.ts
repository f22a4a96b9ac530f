import { sql, type Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { streamRows } from '../../platform/postgres/query.ts';
import type { ReviewEvent, Subject } from './event.ts';
import { EVENT, storedVerdict } from './review.repository.ts';
import { verdictOf } from './verdict.ts';

interface AuditedVerdict extends Subject {
  readonly collection: string;
  /** `storedVerdict` as the table has it. Null without a row. */
  readonly stored: Readonly<Record<string, unknown>> | null;
  readonly events: readonly ReviewEvent[];
}

/** Derives every verdict from its events again. Returns how many, and a sentence for each that is stored otherwise. */
export async function verdictProblems(db: Kysely<Database>): Promise<{ checked: number; problems: string[] }> {
  const problems: string[] = [];
  let checked = 0;
  for await (const { collection, sha256, wnid, stored, events } of audited(db)) {
    checked += 1;
    const verdict = verdictOf(events);
    // Earlier versions took the first reason in the order of the imports, not of their times.
    const isGiven = verdict.reviews.some(({ reason }) => reason === stored?.['reason']);
    const differing = Object.entries(storedVerdict({ sha256, wnid, verdict })).filter(
      ([key, value]) =>
        stored !== null && key in stored && textOf(stored[key]) !== textOf(value) && !(key === 'reason' && isGiven),
    );
    const photo = `the verdict on the photo ${sha256} as ${wnid} in ${collection}`;
    if (stored === null) problems.push(`${photo} is not stored, although there are ${events.length} events`);
    else if (differing.length > 0)
      problems.push(
        `${photo} differs from its events: ${differing.map(([key, value]) => `${key} is ${JSON.stringify(stored[key])}, not ${JSON.stringify(value)}`).join(', ')}`,
      );
  }
  return { checked, problems };
}

/** Lists are compared without their order: an old migration sorted the reviewers. */
function textOf(value: unknown): string {
  return JSON.stringify(Array.isArray(value) ? value.map(String).toSorted() : value);
}

function audited(db: Kysely<Database>): AsyncGenerator<AuditedVerdict> {
  return streamRows(
    db,
    sql<AuditedVerdict>`
    select k.name as collection, s.wnid, encode(s.sha256, 'hex') as sha256,
      (select jsonb_build_object('state', v.state, 'reason', v.reason, 'reviewers', v.reviewers, 'tags', v.tags,
        'flagged', v.is_flagged, 'wanted', v.wanted) from verdict v
        where v.collection_id = s.collection_id and v.wnid = s.wnid and v.sha256 = s.sha256) as stored,
      (select coalesce(jsonb_agg(to_jsonb(o) order by o.id), '[]'::jsonb) from (
        select ${EVENT} from review_event e
        where e.collection_id = s.collection_id and e.wnid = s.wnid and e.sha256 = s.sha256) as o) as events
    from (select collection_id, wnid, sha256 from verdict union select collection_id, wnid, sha256 from review_event) as s
    join collection k on k.id = s.collection_id
    order by k.name, s.wnid collate "C", s.sha256`,
  );
}
