/** @jsxRuntime automatic @jsxImportSource preact */
import { countOf, countText } from '../../../core/kernel/texts.ts';
import type { RevisionView } from '../../../core/export/revisions/revision.ts';
import type { RunningWork } from '../../../core/page/running-work.ts';

interface VerifiedProps {
  readonly base: string;
  readonly short: string;
  readonly revision: RevisionView;
  readonly running: RunningWork | null;
  readonly canVerify: boolean;
}

/** The last result of `winnow verify` and, for operators, a button to run it. `main.tsx` refreshes this part. */
export function Verified({ base, short, revision: { verified, folder }, running, canVerify }: VerifiedProps) {
  const isRunning = running !== null && running.problem === null;
  return (
    <div id={`verified-${short}`} class="verified" data-running={isRunning ? '' : undefined}>
      <p role="status" class={isRunning ? undefined : toneOf(verified)}>
        {isRunning ? progressText(running) : resultText(verified)}
      </p>
      <Problem running={running} />
      {isRunning || verified === null ? null : <Findings verified={verified} />}
      {!isRunning && canVerify && folder === 'there' ? (
        <Order action={`${base}/verify`} isFirst={verified === null} />
      ) : null}
    </div>
  );
}

function Problem({ running }: Pick<VerifiedProps, 'running'>) {
  const problem = running?.problem ?? null;
  return problem === null ? null : <p class="trouble">The last try ended without a result: {problem}</p>;
}

function Order({ action, isFirst }: { readonly action: string; readonly isFirst: boolean }) {
  return (
    <form method="post" action={action}>
      <label>
        All files, and run the models again on{' '}
        <select name="sample">
          <option value="100">100 photos</option>
          <option value="all">all photos</option>
          <option value="0">no photos</option>
        </select>
      </label>
      <button>{isFirst ? 'Verify' : 'Verify again'}</button>
    </form>
  );
}

function progressText({ progress }: RunningWork): string {
  if (progress === null) return 'The server verifies the folder …';
  const { what, done, total } = progress;
  return `The server verifies the folder: ${countText(done)} of ${countText(total)} ${what}`;
}

function toneOf(verified: Stored | null): string {
  if (verified === null) return 'quiet';
  return verified.ok ? 'searched' : 'trouble';
}

type Stored = NonNullable<RevisionView['verified']>;

function resultText(verified: Stored | null): string {
  if (verified === null) return 'not from this page. A `winnow verify` elsewhere leaves no record here';
  const { ok, at, checks, breachCount } = verified;
  const found = ok ? 'no breaches' : countOf(breachCount, 'breach', 'breaches');
  return `${found} in ${countOf(checks, 'kind of check', 'kinds of checks')}, on ${at.slice(0, 10)} (UTC)`;
}

function Findings({ verified: { breaches, breachCount, skipped } }: { readonly verified: Stored }) {
  return (
    <>
      {breaches.length === 0 ? null : (
        <ul class="breaches">
          {breaches.map(({ check, file, detail }) => (
            <li key={`${check} ${file} ${detail}`}>
              <b class="trouble">{check}</b> <code>{file}</code> {detail}
            </li>
          ))}
          {breachCount > breaches.length ? <li>and {countText(breachCount - breaches.length)} more</li> : null}
        </ul>
      )}
      {skipped.length === 0 ? null : (
        <details>
          <summary class="quiet">{countOf(skipped.length, 'check')} not made, or not on all photos</summary>
          <ul>
            {skipped.map(({ check, reason }) => (
              <li key={`${check} ${reason}`}>
                {check}: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
