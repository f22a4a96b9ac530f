/** @jsxRuntime automatic @jsxImportSource preact */
import type { RunningWork } from '../../page/running-work.ts';
import { countText } from '../../kernel/texts.ts';

interface NoticeProps {
  readonly changes: string | null;
  readonly running: RunningWork | null;
  readonly canRecompute: boolean;
  readonly action: string;
  readonly isFirst: boolean;
}

/** Says whether the report is up to date and offers to recompute it. `main.tsx` refreshes this notice. */
export function Notice({ changes, running, canRecompute, action, isFirst }: NoticeProps) {
  const isRunning = running !== null && running.problem === null;
  const isFresh = changes === null && running === null && !isFirst;
  return (
    <aside
      class={isFresh ? 'fresh' : 'stale'}
      aria-label="State of this report"
      data-running={isRunning ? '' : undefined}
    >
      {isFresh ? <p>Fresh: of today’s catalogue</p> : null}
      {changes === null ? null : (
        <p>
          <b>Stale</b> {changes}
        </p>
      )}
      {running === null ? null : <Running {...running} />}
      {!isRunning && canRecompute ? (
        <form method="post" action={action}>
          <button>{isFirst ? 'Make a report' : 'Compute again'}</button>
        </form>
      ) : null}
    </aside>
  );
}

function Running({ progress, problem }: RunningWork) {
  if (problem !== null) return <p class="trouble">The last try ended without a report: {problem}</p>;
  return <p role="status">{progressText(progress)}</p>;
}

function progressText(progress: RunningWork['progress']): string {
  if (progress === null) return 'The server computes the report …';
  return `The server computes the report: ${progress.what}, ${countText(progress.done)} of ${countText(progress.total)}`;
}
