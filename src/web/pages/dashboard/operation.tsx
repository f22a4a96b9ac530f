/** @jsxRuntime automatic @jsxImportSource preact */
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import type { ExportPreview } from '../../../core/export/select/plan.process.ts';
import { operationsOf, type Operation } from '../../../core/kernel/operation.ts';
import { countOf, countText } from '../../../core/kernel/texts.ts';
import type { OperationNow } from '../../server/operations.ts';
import { ask, errorText } from '../review/store/api.ts';
import { Confirm } from './confirm.tsx';
import { listen, type Live } from './live.ts';
import { whenText, type Json } from './overview.ts';

type Last = NonNullable<Json<OperationNow>['last']>;

const live = signal<Live<Json<OperationNow>>>({ now: null, trouble: null });
const problem = signal('');
const preview = signal<(ExportPreview & { readonly folder: string }) | null>(null);

export function listenToOperation(): void {
  listen<Json<OperationNow>>('api/operation/live', (now) => (live.value = now));
}

/** Sends an order. What comes of it arrives on the live stream. */
function order(path: string, fields: object = {}): void {
  problem.value = '';
  void ask(`api/operation/${path}`, fields).catch((error: unknown) => (problem.value = errorText(error)));
}

const LABELS: Readonly<Record<Operation, string>> = {
  filter: 'Filter',
  shortlist: 'Make the shortlist',
  rights: 'State the licence',
  export: 'Export',
  verify: 'Verify',
  report: 'Report',
};

interface OperationsProps {
  readonly collection: string;
  /** The command of the next step. */
  readonly command: string;
}

/** The buttons that start the next commands, or what the running one does. Empty for a person who may not start any. */
export function Operations({ collection, command }: OperationsProps) {
  const { now } = live.value;
  if (now === null) return null;
  const { last, output } = now;
  const isRunning = last?.state === 'running' || last?.state === 'stopping';
  // One that was interrupted has a button of its own. A verification begins again.
  const isOffered = (operation: Operation): boolean =>
    operation === 'export' || operation === 'verify' || operation !== last?.operation || last.state !== 'interrupted';
  const operations = isRunning ? [] : operationsOf(command).filter(isOffered);
  return (
    <>
      {operations.length === 0 ? null : (
        <div class="starts">
          {operations.map((operation, i) => (
            <Start key={operation} {...{ collection, operation }} isChosen={i === operations.length - 1} />
          ))}
        </div>
      )}
      {problem.value === '' ? null : (
        <p role="alert" class="trouble">
          {problem.value}
        </p>
      )}
      {last === null ? null : (
        <Shown key={last.id} {...{ last, output, isRunning }} isNext={operationsOf(command).includes(last.operation)} />
      )}
    </>
  );
}

function readPreview(): void {
  [problem.value, preview.value] = ['', null];
  void ask<NonNullable<typeof preview.value>>('api/operation/export').then(
    (value) => (preview.value = value),
    (error: unknown) => (problem.value = errorText(error)),
  );
}

function exportOrState(choices: FormData): void {
  const licence = choices.get('licence');
  // A licence that was typed is not lost if another button is pressed.
  if (choices.has('state') || (licence !== null && licence !== ''))
    order('start/rights', { licence, creator: choices.get('creator') });
  else order('start/export', { pixels: !choices.has('links') });
}

interface StartProps {
  readonly collection: string;
  readonly operation: Operation;
  readonly isChosen: boolean;
}

function Start({ collection, operation, isChosen }: StartProps) {
  if (operation !== 'export')
    return (
      <button type="button" class={isChosen ? 'chosen' : undefined} onClick={() => order(`start/${operation}`)}>
        {LABELS[operation]}
      </button>
    );
  return (
    <Confirm
      {...{ isChosen }}
      label={`Export ${collection}`}
      yes="Export"
      isReady={preview.value !== null}
      onAsk={readPreview}
      onYes={exportOrState}
    >
      <Preview />
    </Confirm>
  );
}

function Preview() {
  if (preview.value === null) return <p role="status">{problem.value === '' ? 'Counting …' : problem.value}</p>;
  const { photos, classes, leftOut, folder, isLicenceOpen } = preview.value;
  const unlicensed = leftOut.find(({ reason }) => reason === 'licence')?.count ?? 0;
  return (
    <>
      <p>
        <b>{countOf(photos, 'photo')}</b> of {countOf(classes, 'class', 'classes')}, into <code>{folder}</code>.{' '}
        {leftOut.length === 0 ? 'None is left out.' : 'Left out:'}
      </p>
      <ul class="left-out">
        {leftOut.map(({ reason, count }) => (
          <li key={reason}>
            <b>{countText(count)}</b> {reason === 'licence' ? NO_LICENCE : reason}
          </li>
        ))}
      </ul>
      {unlicensed === 0 ? null : (
        <label>
          <input type="checkbox" name="links" defaultChecked={photos === 0} /> Links instead of pictures (--no-pixels).
          They need no licence.
        </label>
      )}
      {unlicensed > 0 && isLicenceOpen ? <Rights /> : null}
    </>
  );
}

const NO_LICENCE = 'licence: none lets people pass the photo on';

function Rights() {
  return (
    <fieldset>
      <legend>State the licence, if you know it</legend>
      <p class="quiet">For all photos of this collection whose source states none. You answer for it.</p>
      <label>
        Licence <input name="licence" placeholder="CC-BY-4.0" autocomplete="off" />
      </label>
      <label>
        Creator <input name="creator" placeholder="Ana" autocomplete="off" />
      </label>
      <button name="state" value="yes">
        State the licence
      </button>
    </fieldset>
  );
}

interface ShownProps {
  readonly last: Last;
  readonly output: string | null;
  readonly isRunning: boolean;
  /** The next step is still this command. */
  readonly isNext: boolean;
}

function Shown({ last, output, isRunning, isNext }: ShownProps) {
  const { id, operation, state } = last;
  // Who saw it run wants to read its end, too.
  const [isOpen] = useState(state !== 'done');
  const isElsewhere = isRunning && output === null;
  return (
    <div class={`operation ${COLOURS[state]}`} data-operation={`${operation} ${state}`}>
      <p>
        <span class="dot" />
        <code>winnow {operation}</code> <span role="status">{stateText(last)}</span>
      </p>
      {state === 'running' ? (
        <button type="button" onClick={() => order('stop', { id })}>
          Stop
        </button>
      ) : null}
      {state === 'interrupted' && isNext && operation !== 'verify' ? (
        <button type="button" class="chosen" onClick={() => order(`start/${operation}`, fieldsOf(last))}>
          Continue
        </button>
      ) : null}
      {isElsewhere ? <p class="quiet">Its output is not shown here. It runs on {last.server}.</p> : null}
      {output === null || output === '' ? null : (
        <details open={isOpen}>
          <summary>Output</summary>
          <div class="output" tabIndex={0}>
            <pre>{output}</pre>
          </div>
        </details>
      )}
    </div>
  );
}

function fieldsOf({ operation, flags }: Last): object {
  return operation === 'export' ? { pixels: !flags.includes('--no-pixels') } : {};
}

const COLOURS = { running: 'working', stopping: 'waiting', done: '', failed: 'waiting', interrupted: 'waiting' };

function stateText({ state, who, at, endedAt, stoppedBy, reason }: Last): string {
  const ended = endedAt === null ? '' : ` at ${whenText(endedAt)}`;
  const texts = {
    running: `runs since ${whenText(at)}, started by ${who}`,
    stopping: `is stopping for ${stoppedBy ?? who}: its jobs in flight end`,
    done: `ended${ended}, started by ${who}`,
    failed: `failed${ended}${reason === null ? '' : `: ${reason}`}`,
    interrupted: `was ${stoppedBy === null ? 'interrupted' : `stopped by ${stoppedBy}`}${ended}. What is done stays done.`,
  };
  return texts[state];
}
