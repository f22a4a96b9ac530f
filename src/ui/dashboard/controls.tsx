import { useState } from 'preact/hooks';
import { Confirm } from './confirm.tsx';
import { sendOrder } from './order.ts';
import { listText, pauseText, STAGES, type Overview, type Pause, type PausableStage } from './overview.ts';

interface ControlsProps {
  readonly collection: string;
  readonly pauses: Overview['pauses'];
  /** Whether whoever looks may steer the work. */
  readonly isOperator: boolean;
}

/** The stages, what is paused of them, and for operators the ways to pause and go on. */
export function Controls({ collection, pauses, isOperator }: ControlsProps) {
  const [said, say] = useState('');
  const act = async (path: string, order: object, done: string): Promise<void> => {
    say('');
    say((await sendOrder(path, order)).error ?? done);
  };
  const pause = (stages: readonly PausableStage[], choice: PauseChoice): void =>
    void act('/api/pause', { stages, ...choice }, `${listText(stages)}: paused`);
  const unpause = ({ stage, collection: of }: Pause): void =>
    void act('/api/unpause', { stages: [stage], everyCollection: of === null }, `${stage}: resumed`);
  return (
    <section aria-label="Stages">
      <h2>Stages</h2>
      <ul class="stages">
        {STAGES.map(({ stage, does }) => {
          const holding = pauses.filter((one) => one.stage === stage);
          return (
            <li key={stage}>
              <span>
                <b>{stage}</b> <small>{does}</small>
              </span>
              <div>
                {holding.length > 0 ? null : (
                  <div class="held">
                    <span>not paused</span>
                    {isOperator ? <PauseButton collection={collection} stages={[stage]} onPause={pause} /> : null}
                  </div>
                )}
                {holding.map((one) => (
                  <Held key={one.collection ?? ''} pause={one} isOperator={isOperator} onResume={unpause} />
                ))}
              </div>
            </li>
          );
        })}
      </ul>
      {isOperator ? (
        <PauseButton collection={collection} stages={STAGES.map(({ stage }) => stage)} onPause={pause} />
      ) : null}
      <p role="status">{said}</p>
    </section>
  );
}

function Held({
  pause,
  isOperator,
  onResume,
}: {
  readonly pause: Pause;
  readonly isOperator: boolean;
  readonly onResume: (pause: Pause) => void;
}) {
  const { stage, collection } = pause;
  return (
    <div class="held">
      <span class="paused" role="status">
        {pauseText(pause)}
      </span>
      {isOperator ? (
        <Confirm label={`Resume ${stage}`} question={`Resume ${stage}?`} yes="Resume" onYes={() => onResume(pause)}>
          <p>Processes take new work of it again, of {collection ?? 'every collection'}.</p>
        </Confirm>
      ) : null}
    </div>
  );
}

interface PauseChoice {
  readonly everyCollection: boolean;
  readonly endWorkers: boolean;
}

interface PauseButtonProps {
  readonly collection: string;
  readonly stages: readonly PausableStage[];
  readonly onPause: (stages: readonly PausableStage[], choice: PauseChoice) => void;
}

function PauseButton({ collection, stages, onPause }: PauseButtonProps) {
  const [everyCollection, setEvery] = useState(false);
  const [endWorkers, setEnd] = useState(false);
  const beginAnew = (): void => {
    setEvery(false);
    setEnd(false);
  };
  const what = stages.length === STAGES.length ? 'all stages' : listText(stages);
  return (
    <Confirm
      label={`Pause ${what}`}
      question={`Pause ${what}?`}
      yes="Pause"
      onYes={() => onPause(stages, { everyCollection, endWorkers })}
      onAsk={beginAnew}
    >
      <p>No process takes new work of {listText(stages)} until somebody resumes it; what is in hand ends.</p>
      <label>
        <input type="checkbox" checked={everyCollection} onChange={(event) => setEvery(event.currentTarget.checked)} />{' '}
        of every collection, not only {collection}
      </label>
      <label>
        <input type="checkbox" checked={endWorkers} onChange={(event) => setEnd(event.currentTarget.checked)} /> let
        workers that stay end once they have drained
      </label>
    </Confirm>
  );
}
