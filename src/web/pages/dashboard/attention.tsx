/** @jsxRuntime automatic @jsxImportSource preact */
import { useState } from 'preact/hooks';
import { asTyped } from '../../../core/kernel/command-text.ts';
import { countText } from '../../../core/kernel/texts.ts';
import type { FailedHost } from '../../status/overview.repository.ts';
import { useAnswer } from '../answers.ts';
import { ask, errorText } from '../review/store/api.ts';
import { PhotosLink } from './class-table.tsx';
import { Confirm } from './confirm.tsx';
import { Details } from './details.tsx';
import { FailedJobs } from './jobs.tsx';
import { attentionOf, failuresOf, type Overview } from './overview.ts';

export function NeedsAttention({ now, isOperator }: { readonly now: Overview; readonly isOperator: boolean }) {
  const items = attentionOf(now);
  const failures = failuresOf(now.totals);
  // The text is not beside its button, because a retried reason leaves the list.
  const [said, say] = useState('');
  const isCalm = items.length + failures.length === 0 && now.jobs.every(({ state }) => state !== 'failed');
  return (
    <section aria-label="Needs attention">
      <h2>Needs attention</h2>
      {isCalm ? <p class="quiet">Nothing.</p> : null}
      <ul class="attention">
        {items.map(({ what, remedy }) => (
          <li key={what}>
            <span class="warn">{what}</span>
            <span>{asTyped(remedy)}</span>
          </li>
        ))}
      </ul>
      {failures.map((failure) => (
        <Details key={failure.reason} summary={`${countText(failure.count)} failed: ${failure.reason}`}>
          {() => <Failure {...{ now, failure, isOperator }} onSaid={say} />}
        </Details>
      ))}
      <p role="status">{said}</p>
      <FailedJobs jobs={now.jobs} />
    </section>
  );
}

interface FailureProps {
  readonly now: Overview;
  readonly failure: ReturnType<typeof failuresOf>[number];
  readonly isOperator: boolean;
  readonly onSaid: (text: string) => void;
}

/** The photos that failed for a reason, by host. A photo that failed in the filter has none. */
function Failure({ now, failure: { reason, count }, isOperator, onSaid }: FailureProps) {
  const { value, problem } = useAnswer(async () =>
    Object.hasOwn(now.totals.failed, reason) ? ask<FailedHost[]>(`api/failed-hosts/${reason}`) : [],
  );
  const hosts = value ?? [];
  // The order covers all collections: their pictures are fetched again and their photos filtered again.
  const retry = async (query: string): Promise<void> => {
    onSaid('Queueing …');
    onSaid(`${reason}: ${await ask<Retried>(`/api/retry/${reason}${query}`, {}).then(retriedText, errorText)}`);
  };
  const again = (label: string, query = '') =>
    isOperator ? (
      <Confirm label={label} yes="Try again" onYes={() => void retry(query)}>
        <p>
          What failed for <code>{reason}</code> is tried once more, of every collection.
        </p>
      </Confirm>
    ) : null;
  return (
    <>
      <p>
        <PhotosLink now={now} filter={{ state: ['failed'], reason: [reason] }} count={count} /> in the gallery
        {hosts.length === 0 ? null : ', by host: '}
      </p>
      <p role="status">{problem}</p>
      <ul class="attention">
        {hosts.map(({ host, count: of, url, detail }) => (
          <li key={host}>
            <span>
              {countText(of)} {host || 'files'}: <code>{url}</code>
              {detail === null ? null : ` (${detail})`}
            </span>
            {again(`Try ${host || 'files'} again`, `?host=${encodeURIComponent(host)}`)}
          </li>
        ))}
      </ul>
      {again('Try again')}
    </>
  );
}

/** The answer of `POST /api/retry/REASON`. */
export interface Retried {
  readonly pictures: number;
  readonly decisions: number;
}

export function retriedText({ pictures, decisions }: Retried): string {
  if (decisions > 0) return `${countText(decisions)} will be tried again by the next filter`;
  return `${countText(pictures)} will be tried again by the next crawl`;
}
