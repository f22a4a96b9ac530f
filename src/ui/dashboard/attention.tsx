/** @jsxRuntime automatic @jsxImportSource preact */
import { useState } from 'preact/hooks';
import { asTyped } from '../../kernel/command-text.ts';
import { countText } from '../../kernel/texts.ts';
import type { FailureExamples } from '../../status/overview.repository.ts';
import { ask, messageOf } from '../review/store/api.ts';
import { PhotosLink } from './class-table.tsx';
import { Confirm } from './confirm.tsx';
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
        <Failure key={failure.reason} {...{ now, failure, isOperator }} onSaid={say} />
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

function Failure({ now, failure: { reason, count }, isOperator, onSaid }: FailureProps) {
  const [{ hosts, examples }, setFound] = useState<FailureExamples>({ hosts: [], examples: [] });
  const [problem, setProblem] = useState('');
  const load = async (): Promise<void> => {
    setProblem('');
    await ask<FailureExamples>(`api/examples/${reason}`).then(setFound, (error) => setProblem(messageOf(error)));
  };
  // The order covers all collections: their pictures are fetched again and their photos filtered again.
  const retry = async (): Promise<void> => {
    onSaid('Queueing …');
    onSaid(`${reason}: ${await ask<Retried>(`/api/retry/${reason}`, {}).then(retriedText, messageOf)}`);
  };
  return (
    <details onToggle={(event) => (event.currentTarget.open ? void load() : undefined)}>
      <summary>
        {countText(count)} failed: {reason}
      </summary>
      <p>
        <PhotosLink now={now} filter={{ state: ['failed'], reason: [reason] }} count={count} /> in the gallery
        {hosts.length === 0 ? null : ', by host: '}
        {hosts.map(({ host, count: of }) => `${countText(of)} ${host === '' ? 'files' : host}`).join(', ')}
      </p>
      <p role="status">{problem}</p>
      <ul>
        {examples.map(({ source, url, detail }) => (
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

interface Retried {
  readonly pictures: number;
  readonly decisions: number;
}

function retriedText({ pictures, decisions }: Retried): string {
  if (decisions > 0) return `${countText(decisions)} will be tried again by the next filter`;
  return `${countText(pictures)} will be tried again by the next crawl`;
}
