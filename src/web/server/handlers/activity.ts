import { detailText } from '../../../core/runtime/activity/activity-text.ts';
import {
  activityNames,
  listActivity,
  recorded,
  type ActivityFilter,
} from '../../../core/runtime/activity/activity.repository.ts';
import { SINCE_RULE, sinceOf } from '../../../core/runtime/activity/since.ts';
import { verdictDays } from '../../../core/review/events/standing-verdicts.repository.ts';
import { quote } from '../../../core/tools/quote.ts';
import { ACTIVITIES, type LoggedActivity } from '../../../core/kernel/activity.ts';
import { isSha256 } from '../../../core/kernel/ids.ts';
import type { ActivityPageProps } from '../../pages/activity/page.tsx';
import { actorOf, HTML, paramOf, queryOf, readerProps, type Exchange } from '../route.ts';
import type { Site } from '../dashboard.ts';
import { activityPage } from '../pages.tsx';
import { BadRequest } from '../review-requests.ts';
import { readerOf } from '../access/access.ts';
import { endSessions, openSessions } from '../access/session.repository.ts';

const LINES = 100;
/** Lines of verdicts of a person on a day. The page tells the number. */
const VERDICT_LINES = 50;

export async function sendActivity(exchange: Exchange, site: Site): Promise<unknown> {
  const { app, nowMs } = site;
  const query = queryOf(exchange);
  const chosen = {
    action: query.get('action') ?? '',
    who: query.get('who') ?? '',
    collection: query.get('collection') ?? '',
    since: query.get('since') ?? '',
  };
  const filter = filterOf(chosen, query.get('before') ?? '', nowMs());
  const found = await listActivity(app.db, { ...filter, limit: LINES + 1 });
  const lines = found.slice(0, LINES);
  const last = found.length > LINES ? lines.at(-1) : undefined;
  const only = readerOf(exchange, site) === 'operators' ? null : (exchange.reviewer ?? '');
  const { who: people, collections } = await activityNames(app.db);
  const page = activityPage(
    {
      chosen,
      actions: ACTIVITIES,
      people,
      collections,
      lines: lines.map((line) => ({ ...line, detail: detailText(line.detail) })),
      older: last === undefined ? null : `/activity?${olderQuery(chosen, last)}`,
      days: await verdictDays(app.db, { ...filter, only, limit: VERDICT_LINES }),
      sessions: await openSessions(app.db),
    },
    readerProps(exchange, site),
  );
  return exchange.reply.type(HTML).send(page);
}

function filterOf(chosen: ActivityPageProps['chosen'], before: string, nowMs: number): Omit<ActivityFilter, 'limit'> {
  const action = ACTIVITIES.find((known) => known === chosen.action);
  if (action === undefined && chosen.action !== '') throw refused('action', ACTIVITIES.join(', '), chosen.action);
  const since = sinceOf(chosen.since, nowMs) ?? undefined;
  if (since === undefined && chosen.since !== '') throw refused('since', SINCE_RULE, chosen.since);
  if (!/^\d{0,15}$/.test(before)) throw refused('before', 'the number of a line', before);
  const older = before === '' ? undefined : Number(before);
  return { action, since, who: filled(chosen.who), collection: filled(chosen.collection), before: older };
}

function filled(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function refused(name: string, expected: string, given: string): BadRequest {
  return new BadRequest(`Expected ${expected} for '${name}' but received ${quote(given)}`);
}

function olderQuery(chosen: Readonly<Record<string, string>>, { id }: LoggedActivity): string {
  const fields = Object.entries(chosen).filter(([, value]) => value !== '');
  return new URLSearchParams([...fields, ['before', String(id)]]).toString();
}

export async function endSession(exchange: Exchange, { app }: Site): Promise<unknown> {
  const { request, reply } = exchange;
  const id = paramOf(request, 'id');
  if (!isSha256(id)) return reply.callNotFound();
  await recorded(
    app.db,
    {
      ...actorOf(exchange),
      action: 'sessions-ended',
      resultOf: ([ended]) => (ended === undefined ? { sessions: 0 } : { sessions: 1, of: ended.name ?? ended.role }),
    },
    () => endSessions(app.db, [id]),
  );
  return reply.redirect('/activity', 303);
}
