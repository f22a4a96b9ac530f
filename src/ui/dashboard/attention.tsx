import { useState } from 'preact/hooks';
import { asTyped } from '../../kernel/command-text.ts';
import { countText } from '../../kernel/texts.ts';
import type { FailureExamples } from '../../status/overview.repository.ts';
import { PhotosLink } from './class-table.tsx';
import { Confirm } from './confirm.tsx';
import { FailedJobs } from './jobs.tsx';
import { sendOrder } from './order.ts';
import { attentionOf, failuresOf, type OrderAnswer, type Overview } from './overview.ts';

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
        <Failure key={failure.reason} {...{ now, failure, isOperator }} onSaid={say} />
      ))}
      <p role="status">{said}</p>
      <FailedJobs jobs={now.jobs} />
    </section>
  );
}

const examplesIn: (json: string) => FailureExamples = JSON.parse;

async function examplesOf(reason: string): Promise<FailureExamples | null> {
  try {
    const answer = await fetch(`api/examples/${reason}`);
    return answer.ok ? examplesIn(await answer.text()) : null;
  } catch {
    return null;
  }
}

interface FailureProps {
  readonly now: Overview;
  readonly failure: ReturnType<typeof failuresOf>[number];
  readonly isOperator: boolean;
  readonly onSaid: (text: string) => void;
}

function Failure({ now, failure: { reason, count }, isOperator, onSaid }: FailureProps) {
  const [found, setFound] = useState<FailureExamples | null>({ hosts: [], examples: [] });
  const load = async (): Promise<void> => setFound(await examplesOf(reason));
  // The order covers all collections: their pictures are fetched again and their photos filtered again.
  const retry = async (): Promise<void> => {
    onSaid('Queueing …');
    const { error, ...retried } = await sendOrder(`/api/retry/${reason}`);
    onSaid(`${reason}: ${error ?? retriedText(retried)}`);
  };
  return (
    <details onToggle={(event) => (event.currentTarget.open ? void load() : undefined)}>
      <summary>
        {countText(count)} failed: {reason}
      </summary>
      <p>
        <PhotosLink now={now} filter={{ state: ['failed'], reason: [reason] }} count={count} /> in the gallery
        {found === null || found.hosts.length === 0 ? null : (
          <>
            , by host:{' '}
            {found.hosts.map(({ host, count: of }) => `${countText(of)} ${host === '' ? 'files' : host}`).join(', ')}
          </>
        )}
      </p>
      {found === null ? <p>The examples are not available just now.</p> : null}
      <ul>
        {found?.examples.map(({ source, url, detail }) => (
          <li key={url}>
            {source}: <code>{url}</code>
            {detail === null ? null : <> ({detail})</>}
          </li>
        ))}
      </ul>
      {isOperator ? (
        <Confirm label="Try again" yes="Try again" onYes={() => void retry()}>
          <p>
            Everything that failed for <code>{reason}</code> is tried once more, of every collection.
          </p>
        </Confirm>
      ) : null}
    </details>
  );
}

function retriedText({ pictures = 0, decisions = 0 }: OrderAnswer): string {
  if (decisions > 0) return `${countText(decisions)} will be tried again by the next filter`;
  return `${countText(pictures)} will be tried again by the next crawl`;
}
