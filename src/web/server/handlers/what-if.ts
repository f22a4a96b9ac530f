import { stringify } from 'csv-stringify/sync';
import { filterPolicy } from '../../../core/filter/rule/policy.ts';
import { whatIf } from '../../../core/filter/what-if/what-if.process.ts';
import { WHAT_IF_VALUES, whatIfValue } from '../../../core/filter/what-if/what-if-value.ts';
import { toSha256 } from '../../../core/kernel/ids.ts';
import { classNameOf } from '../../../core/models/workspace/workspace.process.ts';
import type { WhatIfAnswer } from '../../pages/dashboard/what-if.tsx';
import type { Site } from '../dashboard.ts';
import { requireNothingHidden } from '../desk-of.ts';
import { BadRequest } from '../review-requests.ts';
import { askerOf, paramOf, queryOf, type Exchange } from '../route.ts';

/** Photos of each change that the page shows, and that the table lists. They are spread evenly over the catalogue. */
const PHOTOS_SHOWN = 12;
const PHOTOS_LISTED = 10_000;

/** Answers with the same counts as `winnow what-if` with these settings. */
export async function sendWhatIf(exchange: Exchange, site: Site): Promise<unknown> {
  const bytes = await readWhatIf(exchange, site, PHOTOS_SHOWN);
  return exchange.reply.type('application/json; charset=utf-8').send(bytes);
}

/** Sends the photos whose decision would change. */
export async function sendWhatIfTable(exchange: Exchange, site: Site): Promise<unknown> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the answer that `readWhatIf` has written
  const { samples } = JSON.parse((await readWhatIf(exchange, site, PHOTOS_LISTED)).toString()) as WhatIfAnswer;
  return exchange.reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', 'attachment; filename="what-if.csv"')
    .send(stringify([...samples], { header: true, columns: ['sha256', 'wnid', 'name', 'from', 'to'] }));
}

/** Runs once for all who ask the same. A blind review hides what the models say. */
async function readWhatIf(exchange: Exchange, site: Site, samples: number): Promise<Buffer> {
  await requireNothingHidden(exchange, site, true);
  const { longWorkspace } = await site.collections.open(paramOf(exchange.request, 'collection'));
  const { app, collection, scope, ensemble } = longWorkspace;
  const { policy } = collection;
  const rule = collection.mode === 'A' ? 'threshold' : 'minConfidence';
  const query = queryOf(exchange);
  const value = numberIn(rule, query) ?? policy[rule];
  const cap = numberIn('cap', query) ?? policy.cap;
  const wanted = { ...collection, policy: { ...policy, [rule]: value } };
  const read = async (signal: AbortSignal): Promise<Buffer> => {
    const found = await whatIf(
      { db: app.db, scope, memberIds: ensemble.memberIds },
      {
        grid: {
          policies: [filterPolicy(collection), filterPolicy(wanted)],
          caps: [policy.cap, cap],
          nearDuplicateDistance: policy.nearDuplicateDistance,
        },
        samples,
        signal: AbortSignal.any([signal, site.signal]),
      },
    );
    // Settings are in the order of the policies, with both caps for each.
    const [now, , , other] = found.settings;
    if (now === undefined || other === undefined) throw new Error('Expected two policies with two caps each');
    const answer: WhatIfAnswer = {
      rule,
      value,
      cap,
      now: now.totals,
      asked: other.totals,
      changed: other.changed,
      samples: found.samples.flatMap(({ sha256, subject, from, to, under }) => {
        const wnid = found.subjects[subject] ?? '';
        return under.includes(1)
          ? [{ sha256: toSha256(sha256), wnid, name: classNameOf(collection, wnid), from, to }]
          : [];
      }),
    };
    return Buffer.from(JSON.stringify(answer));
  };
  const key = JSON.stringify(['what-if', collection.name, value, cap, samples]);
  return site.readShared(key, read, askerOf(exchange));
}

/** Null if it was not asked. @throws BadRequest that quotes the value */
function numberIn(name: keyof typeof WHAT_IF_VALUES, query: URLSearchParams): number | null {
  const text = query.get(name);
  if (text === null) return null;
  const value = whatIfValue(name, text);
  if (value !== undefined) return value;
  throw new BadRequest(`Expected ${WHAT_IF_VALUES[name].expected} for ${name} but received '${text.slice(0, 40)}'`);
}
