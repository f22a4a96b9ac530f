/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { countText, listText } from '../../../core/kernel/texts.ts';
import { ask, errorText } from '../review/store/api.ts';
import { Confirm } from './confirm.tsx';
import { Details } from './details.tsx';
import { STAGES, activityOf, pauseText, type Overview, type PauseOverview } from './overview.ts';
import type { PausableStage } from '../../../core/collection/pause.ts';

export function Controls({ now, isOperator }: { readonly now: Overview; readonly isOperator: boolean }) {
  const { collection, pauses } = now;
  const [said, say] = useState('');
  const act = async (path: string, order: object, done: string): Promise<void> => {
    say('');
    say(await ask(path, order).then(() => done, errorText));
  };
  const pause = (stages: readonly PausableStage[], choice: PauseChoice): void =>
    void act('api/pause', { stages, ...choice }, `${listText(stages)}: paused`);
  const unpause = ({ stage, collection: of }: PauseOverview): void =>
    void act('api/unpause', { stages: [stage], everyCollection: of === null }, `${stage}: resumed`);
  const pauseButton = (stages: readonly PausableStage[]) =>
    isOperator ? <PauseButton collection={collection} stages={stages} onPause={pause} /> : null;
  const list = (
    <>
      <ul class="stages">
        {STAGES.map((one) => {
          const held = pauses.filter(({ stage }) => stage === one.stage);
          return (
            <Stage key={one.stage} {...{ now, ...one }}>
              {held.length === 0 ? pauseButton([one.stage]) : null}
              {held.map((of) => (
                <Held key={of.collection ?? ''} pause={of} onResume={isOperator ? unpause : null} />
              ))}
            </Stage>
          );
        })}
      </ul>
      {pauseButton(STAGES.map(({ stage }) => stage))}
    </>
  );
  const isIdle = STAGES.every(({ stage }) => activityOf(stage, now).state === 'idle');
  return (
    <section aria-label="Stages">
      <h2>Stages</h2>
      {isIdle ? (
        <Details summary={`${listText(STAGES.map(({ stage }) => stage))} are idle`}>{() => list}</Details>
      ) : (
        list
      )}
      <p role="status">{said}</p>
    </section>
  );
}

interface StageProps {
  readonly now: Overview;
  readonly stage: PausableStage;
  readonly does: string;
  /** The button that pauses the stage, or the pauses that hold it. */
  readonly children: ComponentChildren;
}

/** One line while the stage is idle. */
function Stage({ now, stage, does, children }: StageProps) {
  const { state, text, queue, timeLeft } = activityOf(stage, now);
  const { perSecond } = now.rates[stage];
  return (
    <li class={state === 'paused' ? 'paused-stage' : state}>
      <h3>
        <span class="dot" />
        {stage} <small>{text}</small>
      </h3>
      {state === 'idle' ? null : (
        <p>
          <b>{perSecond === null ? '–' : perSecond.toFixed(1)}</b> {does} a second · {countText(queue)} waiting
          {timeLeft === null ? null : ` · ${timeLeft} left`}
        </p>
      )}
      {children}
    </li>
  );
}

interface HeldProps {
  readonly pause: PauseOverview;
  /** Null for people who may not end it. */
  readonly onResume: ((pause: PauseOverview) => void) | null;
}

function Held({ pause, onResume }: HeldProps) {
  const { stage, collection } = pause;
  return (
    <div class="held">
      <span class="paused" role="status">
        {pauseText(pause)}
      </span>
      {onResume === null ? null : (
        <Confirm label={`Resume ${stage}`} yes="Resume" onYes={() => onResume(pause)}>
          <p>Processes take new work of it again, of {collection ?? 'every collection'}.</p>
        </Confirm>
      )}
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
  const what = stages.length === STAGES.length ? 'all stages' : listText(stages);
  return (
    <Confirm
      label={`Pause ${what}`}
      yes="Pause"
      onYes={(choices) =>
        onPause(stages, { everyCollection: choices.has('everyCollection'), endWorkers: choices.has('endWorkers') })
      }
    >
      <p>No process takes new work of {listText(stages)} until it is resumed; jobs in progress end.</p>
      <label>
        <input type="checkbox" name="everyCollection" /> of every collection, not only {collection}
      </label>
      <label>
        <input type="checkbox" name="endWorkers" /> let workers that stay end once they have drained
      </label>
    </Confirm>
  );
}
