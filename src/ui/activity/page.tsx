/** @jsxRuntime automatic @jsxImportSource preact */
import { countOf } from '../../kernel/texts.ts';
import { Filter, type FilterProps } from './filter.tsx';

/** A line of the activity log. Times are in UTC. */
export interface ActivityLine {
  readonly id: number;
  /** ISO 8601. */
  readonly at: string;
  readonly who: string;
  readonly place: string;
  readonly action: string;
  readonly collection: string | null;
  /** `null` while it runs, or if its process was killed. */
  readonly outcome: 'done' | 'failed' | 'interrupted' | null;
  readonly detail: string;
}

export interface SessionLine {
  readonly id: string;
  readonly who: string;
  readonly role: string;
  readonly place: string;
  readonly since: string;
  readonly until: string;
}

export interface ActivityPageProps extends FilterProps {
  /** Newest first. */
  readonly lines: readonly ActivityLine[];
  /** The URL of older lines; `null` if there are none. */
  readonly older: string | null;
  readonly sessions: readonly SessionLine[];
}

export function ActivityPage({ lines, older, sessions, ...filter }: ActivityPageProps) {
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
        {sessions.map(({ id, who, role, place, since, until }) => (
          <li key={id}>
            <span>
              <b>{who}</b> <small>{role}</small>
            </span>
            <span>{place}</span>
            <span class="quiet">
              <Time at={since} /> to <Time at={until} />
            </span>
            <form method="post" action={`/activity/sessions/${id}/end`}>
              <button aria-label={`End the session of ${who} from ${place}`}>End</button>
            </form>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Time({ at }: { readonly at: string }) {
  return <time dateTime={at}>{at.slice(0, 19).replace('T', ' ')}</time>;
}
