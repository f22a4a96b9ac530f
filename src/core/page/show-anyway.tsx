/** @jsxRuntime automatic @jsxImportSource preact */

export interface ShowAnyway {
  /** The address that the form is sent to. */
  readonly action: string;
  /** The page to go to then. */
  readonly to: string;
}

/** For a server without tokens: shows a person what waits for a verdict of theirs, and notes that in the activity log. */
export function ShowAnywayForm({ action, to }: ShowAnyway) {
  return (
    <form method="post" action={action}>
      <p>
        If you review alone, nothing needs to be hidden from you. The activity log notes that you have looked.{' '}
        <button name="to" value={to}>
          Show anyway
        </button>
      </p>
    </form>
  );
}
