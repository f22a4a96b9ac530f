import { useState } from 'preact/hooks';
import type { PausableStage } from '../../../core/collection/pause.ts';
import { COMMAND_OF } from '../../../core/kernel/processes.ts';
import { countOf, countText } from '../../../core/kernel/texts.ts';
import { pathOf } from '../../../core/page/frame.tsx';
import type { QueuesOverview } from '../../status/queues.ts';
import { retriedText, type Retried } from '../dashboard/attention.tsx';
import { Confirm } from '../dashboard/confirm.tsx';
import { JobTable } from '../dashboard/jobs.tsx';
import {
  activityOf,
  failuresOf,
  whenText,
  pauseText,
  processesOf,
  secondText,
  STAGES,
  type Json,
  type Queues,
} from '../dashboard/overview.ts';
import { ask, errorText } from '../review/store/api.ts';

interface QueuesPageProps {
  readonly now: Json<QueuesOverview> | null;
  readonly trouble: string | null;
  readonly isOperator: boolean;
}

/** The work of every collection as it goes on: a row for each stage, and the jobs that ended last. */
export function QueuesPage({ now, trouble, isOperator }: QueuesPageProps) {
  const [said, say] = useState('');
  const order: Order = ({ label, path, body }) => {
    say('');
    void ask<Retried | object>(path, body).then(
      (answer) => say(`${label}: ${'pictures' in answer ? retriedText(answer) : 'done'}`),
      (error: unknown) => say(errorText(error)),
    );
  };
  return (
    <main class="queues" data-ready={now === null ? undefined : true} aria-busy={now === null}>
      <header class="head">
        <h1>Queues</h1>
        <p>
          <span role="status" class="trouble">
            {trouble ?? ''}
          </span>
          {trouble === null && now !== null ? <span class="live">live, {secondText(now.at)}</span> : null}
        </p>
        {isOperator ? (
          <p>
            <a href="/queues/jobs/">Single jobs</a>
          </p>
        ) : null}
      </header>
      {now === null ? (
        <p class="quiet">Reading the catalogue …</p>
      ) : (
        <Collections now={now} order={isOperator ? order : null} />
      )}
      <p role="status">{said}</p>
      {now === null || now.jobs.length === 0 ? null : (
        <JobTable caption="Jobs that ended last" jobs={now.jobs} isOfAll />
      )}
    </main>
  );
}

/** Sends an order to the server and says whether it was done. */
type Order = (order: OrderShown) => void;

interface CollectionsProps {
  readonly now: Json<QueuesOverview>;
  /** Null for people who may not give orders. */
  readonly order: Order | null;
}

function Collections({ now: { collections }, order }: CollectionsProps) {
  if (collections.length === 0) return <p class="quiet">Nothing was collected yet.</p>;
  return (
    <>
      {collections.map((queues) => (
        <section key={queues.collection} aria-label={queues.collection}>
          <h2>
            <a href={pathOf(queues.collection)}>{queues.collection}</a>
          </h2>
          <ul class="stages">
            {STAGES.map(({ stage, does }) => (
              <Stage key={stage} {...{ queues, stage, does, order }} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

interface StageProps {
  readonly queues: Queues;
  readonly stage: PausableStage;
  readonly does: string;
  readonly order: Order | null;
}

/** One line while nothing waits or runs. */
function Stage({ queues, stage, does, order }: StageProps) {
  const { collection, rates, running } = queues;
  const { state, text, queue, timeLeft } = activityOf(stage, queues);
  const { perSecond, done, failed } = rates[stage];
  const isIdle = state === 'idle' && running[stage] === 0;
  return (
    <li
      class={state === 'paused' ? 'paused-stage' : state}
      data-queue={`${collection}/${stage}`}
      data-waiting={queue}
      data-running={running[stage]}
      data-failed={failed}
    >
      <h3>
        <span class="dot" />
        {stage} <small>{text}</small>
      </h3>
      {isIdle ? null : (
        <p>
          <b>{perSecond === null ? '–' : perSecond.toFixed(1)}</b> {does} a second · {countText(queue)} waiting ·{' '}
          {countOf(running[stage], 'job')} running · {countOf(processesOf(stage, queues), 'process', 'processes')} (of
          any collection)
          {timeLeft === null ? null : ` · ${timeLeft} left`}
        </p>
      )}
      {done + failed === 0 ? null : (
        <p class="quiet">
          Seen by this server in the last hour: {countText(done)} done, {countText(failed)} failed
        </p>
      )}
      <Holds {...{ queues, stage }} isWaiting={queue > 0} />
      {order === null ? null : (
        <div class="orders">
          {ordersFor(stage, queues).map((one) => (
            <Confirm key={one.label} label={one.label} yes={one.yes} onYes={() => order(one)}>
              <p>{one.text}</p>
            </Confirm>
          ))}
        </div>
      )}
    </li>
  );
}

/** The sites that a stage waits for, and who has paused it. */
function Holds({
  queues: { budgets, pauses },
  stage,
  isWaiting,
}: Omit<StageProps, 'does' | 'order'> & { readonly isWaiting: boolean }) {
  const waits = isWaiting ? budgets.filter(({ key }) => isOf(stage, key)) : [];
  return (
    <>
      {waits.map(({ key, waits: wait }) =>
        wait === null ? null : (
          <p key={key} class="warn">
            {key}: {wait.why}, until {whenText(wait.until)}
          </p>
        ),
      )}
      {pauses
        .filter((pause) => pause.stage === stage)
        .map((pause) => (
          <p key={pause.collection ?? ''} class="paused">
            {pauseText(pause)}
          </p>
        ))}
    </>
  );
}

/** A search asks the API of a source; a fetch asks hosts. */
function isOf(stage: PausableStage, key: string): boolean {
  return stage !== 'filter' && key.startsWith('source:') === (stage === 'discover');
}

interface OrderShown {
  /** The text of the button, which names the collection. */
  readonly label: string;
  readonly yes: string;
  readonly text: string;
  readonly path: string;
  readonly body: object;
}

function ordersFor(stage: PausableStage, queues: Queues): readonly OrderShown[] {
  const { collection } = queues;
  const api = `${pathOf(collection)}api`;
  const pauses = queues.pauses.filter((pause) => pause.stage === stage);
  const retries = failuresIn(stage, queues).map(({ reason, count }) => ({
    label: `Try ${countText(count)} ${reason} of ${collection} again`,
    yes: 'Try again',
    text: `The next ${COMMAND_OF[stage]} takes them once more.`,
    path: `/api/retry/${reason}?collection=${encodeURIComponent(collection)}`,
    body: {},
  }));
  const resumes = pauses.map(({ collection: of }) => ({
    label: `Resume ${stage} of ${of ?? 'every collection'}`,
    yes: 'Resume',
    text: 'Processes take new work of it again.',
    path: `${api}/unpause`,
    body: { stages: [stage], everyCollection: of === null },
  }));
  const pause = {
    label: `Pause ${stage} of ${collection}`,
    yes: 'Pause',
    text: 'No process takes new work of it until it is resumed; jobs in progress end.',
    path: `${api}/pause`,
    body: { stages: [stage], everyCollection: false, endWorkers: false },
  };
  return [...retries, ...(pauses.length > 0 ? resumes : [pause])];
}

const FILTER_REASONS: ReadonlySet<string> = new Set(['undecodable', 'poison']);
const REASONS_SHOWN = 3;

/** The most frequent failures of a stage that can be tried again; the page of the collection has all. */
function failuresIn(stage: PausableStage, { totals }: Queues): ReturnType<typeof failuresOf> {
  if (stage === 'discover') return [];
  const isOfStage = ({ reason }: { readonly reason: string }): boolean =>
    FILTER_REASONS.has(reason) === (stage === 'filter');
  return failuresOf(totals).filter(isOfStage).slice(0, REASONS_SHOWN);
}
