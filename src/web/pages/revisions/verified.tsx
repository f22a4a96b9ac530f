/** @jsxRuntime automatic @jsxImportSource preact */
import { countOf, countText } from '../../../core/kernel/texts.ts';
import type { RevisionView } from '../../../core/export/revisions/revision.ts';

export interface VerifiedProps {
  readonly base: string;
  readonly revision: RevisionView;
  readonly canVerify: boolean;
}

/** The last result of `winnow verify` and, for operators, a button to run it. The page of the collection shows how it goes. */
export function Verified({ base, revision: { verified, folder }, canVerify }: VerifiedProps) {
  return (
    <div class="verified">
      <p class={toneOf(verified)}>{resultText(verified)}</p>
      {verified === null ? null : <Findings verified={verified} />}
      {canVerify && folder === 'there' ? <Order action={`${base}/verify`} isFirst={verified === null} /> : null}
    </div>
  );
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

function toneOf(verified: Stored | null): string {
  if (verified === null) return 'quiet';
  return verified.ok ? 'searched' : 'trouble';
}

type Stored = NonNullable<RevisionView['verified']>;

function resultText(verified: Stored | null): string {
  if (verified === null) return 'no result is kept. `winnow verify` keeps one with --collection';
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
