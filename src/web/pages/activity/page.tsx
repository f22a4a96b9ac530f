/** @jsxRuntime automatic @jsxImportSource preact */
import type { LoggedActivity } from '../../../core/kernel/activity.ts';
import { photosPath } from '../../../core/kernel/photo-filter.ts';
import { countOf, countText } from '../../../core/kernel/texts.ts';
import type { ReviewVerdict } from '../../../core/review/events/event.ts';
import type { VerdictDay } from '../../../core/review/events/standing-verdicts.repository.ts';
import { Table } from '../../../core/page/wide-table.tsx';
import type { OpenSession } from '../../server/access/session.repository.ts';

/** Times are in UTC. */
type ActivityLine = Omit<LoggedActivity, 'detail'> & { readonly detail: string };

export interface ActivityPageProps extends FilterProps {
  readonly lines: readonly ActivityLine[];
  /** The URL of older lines; `null` if there are none. */
  readonly older: string | null;
  readonly days: readonly VerdictDay[];
  readonly sessions: readonly OpenSession[];
}

export function ActivityPage({ lines, older, days, sessions, ...filter }: ActivityPageProps) {
  return (
    <main class="activity">
      <header class="head">
        <h1>Activity</h1>
        <p>Who did what, from where. Newest first, times in UTC.</p>
      </header>
      <Filter {...filter} />
      {lines.length === 0 ? <p class="quiet">Nothing is recorded that fits.</p> : <Lines lines={lines} />}
      {older === null ? null : (
        <p>
          <a href={older} rel="next">
            Older
          </a>
        </p>
      )}
      <Verdicts days={days} />
      <Sessions sessions={sessions} />
    </main>
  );
}

function Lines({ lines }: Pick<ActivityPageProps, 'lines'>) {
  return (
    <table class="lines">
      <caption class="unseen">Activities</caption>
      <thead>
        <tr>
          <th scope="col">when</th>
          <th scope="col">who, from where</th>
          <th scope="col">did</th>
          <th scope="col">of</th>
          <th scope="col">detail</th>
        </tr>
      </thead>
      <tbody>
        {lines.map(({ id, at, who, place, action, collection, outcome, detail }) => (
          <tr key={id} id={`a-${id}`}>
            <th scope="row">
              <Time at={at} />
            </th>
            <td>
              {who} <small>{place}</small>
            </td>
            <td class={action === 'log-in-failed' ? 'trouble' : undefined}>
              {action} <Ending outcome={outcome} />
            </td>
            <td>{collection}</td>
            <td class="detail">{detail}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The verdicts of each person and day, with links to their photos. */
function Verdicts({ days }: Pick<ActivityPageProps, 'days'>) {
  if (days.length === 0) return null;
  return (
    <section aria-label="Verdicts">
      <h2>
        Verdicts <small>those that stand, by day (UTC), newest first, at most 50 lines</small>
      </h2>
      <Table
        caption="Verdicts"
        isCaptionHidden
        rows={days}
        keyOf={({ day, collection, reviewer }) => `${day} ${collection} ${reviewer}`}
        columns={{
          day: ({ day }) => day,
          person: ({ reviewer }) => reviewer,
          collection: ({ collection }) => collection,
          accepted: (one) => <VerdictLink of={one} verdict="accept" />,
          rejected: (one) => <VerdictLink of={one} verdict="reject" />,
          unsure: (one) => <VerdictLink of={one} verdict="unsure" />,
        }}
      />
    </section>
  );
}

function VerdictLink({ of, verdict }: { readonly of: VerdictDay; readonly verdict: ReviewVerdict }) {
  const { collection, reviewer: by, day: judged } = of;
  if (of[verdict] === 0) return <>0</>;
  return <a href={photosPath(collection, { by, judged, verdict: [verdict] })}>{countText(of[verdict])}</a>;
}

function Ending({ outcome }: Pick<ActivityLine, 'outcome'>) {
  if (outcome === 'done') return null;
  if (outcome === null) return <small class="warn">no end yet</small>;
  return <small class={outcome === 'failed' ? 'trouble' : 'warn'}>{outcome}</small>;
}

function Sessions({ sessions }: Pick<ActivityPageProps, 'sessions'>) {
  return (
    <section aria-label="Sessions">
      <h2>Sessions</h2>
      <p class="quiet">
        {sessions.length === 0 ? 'Nobody is logged in with a browser.' : countOf(sessions.length, 'open session')}
      </p>
      <ul class="sessions">
        {sessions.map(({ id, name, role, place, since, until }) => (
          <li key={id}>
            <span>
              <b>{name ?? 'shared token'}</b> <small>{role}</small>
            </span>
            <span>{place}</span>
            <span class="quiet">
              <Time at={since} /> to <Time at={until} />
            </span>
            <form method="post" action={`/activity/sessions/${id}/end`}>
              <button aria-label={`End the session of ${name ?? 'shared token'} from ${place}`}>End</button>
            </form>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Time({ at }: { readonly at: Date }) {
  const iso = at.toISOString();
  return <time dateTime={iso}>{iso.slice(0, 19).replace('T', ' ')}</time>;
}

interface FilterProps {
  /** The chosen value of each field; '' means no filter. */
  readonly chosen: Readonly<Record<'action' | 'who' | 'collection' | 'since', string>>;
  readonly actions: readonly string[];
  readonly people: readonly string[];
  readonly collections: readonly string[];
}

const TIMES = { '24h': 'the last day', '7d': 'the last week', '30d': 'the last 30 days' };

function Filter({ chosen, actions, people, collections }: FilterProps) {
  const isFiltered = Object.values(chosen).some((value) => value !== '');
  return (
    <form class="filter" method="get" action="/activity" aria-label="Filter">
      <Choice label="Activity" name="action" all="every activity" {...optionsOf(actions, chosen.action)} />
      <Choice label="Who" name="who" all="everybody" {...optionsOf(people, chosen.who)} />
      <Choice
        label="Collection"
        name="collection"
        all="every collection"
        {...optionsOf(collections, chosen.collection)}
      />
      <Choice label="Since" name="since" all="the beginning" {...optionsOf(Object.keys(TIMES), chosen.since)} />
      <button>Show</button>
      {isFiltered ? <a href="/activity">Show all</a> : null}
    </form>
  );
}

/** Keeps a value from the URL in the list, even if no recent line has it. */
function optionsOf(values: readonly string[], chosen: string): Pick<ChoiceProps, 'values' | 'chosen'> {
  return { values: chosen === '' || values.includes(chosen) ? values : [chosen, ...values], chosen };
}

interface ChoiceProps {
  readonly label: string;
  readonly name: string;
  readonly all: string;
  readonly values: readonly string[];
  readonly chosen: string;
}

function Choice({ label, name, all, values, chosen }: ChoiceProps) {
  const texts: Readonly<Record<string, string>> = name === 'since' ? TIMES : {};
  return (
    <label>
      {label}
      <select name={name}>
        <option value="">{all}</option>
        {values.map((value) => (
          <option key={value} value={value} selected={value === chosen}>
            {texts[value] ?? value}
          </option>
        ))}
      </select>
    </label>
  );
}
