import type { ComponentChildren } from 'preact';
import type { OwnReview } from '../../review/desk.ts';
import { nextRedo, nextUndo } from './history.ts';
import { keyHint, REJECTS, type Command } from './keys.ts';
import type { ReviewSession } from './session.ts';
import { REASON_TEXTS } from './words.ts';

interface ActionBarProps {
  readonly session: ReviewSession;
  readonly onCommand: (command: Command) => void;
  /** What the reviewer has said of the photo; null if there is none, or if several are selected. */
  readonly own: OwnReview | null;
  /** Whether there is something to decide. */
  readonly isReady: boolean;
  /** What stands before the buttons: `3 selected`. */
  readonly before?: ComponentChildren;
  /** What stands after the buttons: the strip. */
  readonly children?: ComponentChildren;
}

/** The row of what one can do, with the reasons for a reject below it. */
export function ActionBar({ session, onCommand, own, isReady, before, children }: ActionBarProps) {
  const { setup, history } = session;
  const common = { onCommand, isDisabled: !isReady || !setup.mayReview };
  const is = (verdict: OwnReview['verdict']): boolean => own !== null && own.verdict === verdict;
  return (
    <footer class="review-bar">
      <div class="actions" role="group" aria-label="Decide">
        {before}
        <CommandButton {...common} command="accept" kind="yes" isOn={is('accept')}>
          Accept
        </CommandButton>
        <CommandButton {...common} command="reject" kind="no" isOn={is('reject') && own?.reason === null}>
          Reject
        </CommandButton>
        <CommandButton {...common} command="unsure" isOn={is('unsure')}>
          Unsure
        </CommandButton>
        <CommandButton {...common} command="undo" kind="undo" isDisabled={nextUndo(history) === null}>
          Undo
        </CommandButton>
        <CommandButton {...common} command="redo" kind="second" isDisabled={nextRedo(history) === null}>
          Redo
        </CommandButton>
        <CommandButton {...common} command="flag" kind="second" isOn={own?.flagged === true}>
          Flag
        </CommandButton>
        <CommandButton {...common} command="tags" kind="second" isOn={(own?.tags.length ?? 0) > 0}>
          Tags
        </CommandButton>
        <CommandButton {...common} command="note" kind="second" isOn={(own?.note ?? '') !== ''}>
          Note
        </CommandButton>
      </div>
      {children}
      <div class="reasons" role="group" aria-label="Reject, because">
        {setup.reasons.map((reason, i) => {
          const command = REJECTS[i];
          if (command === undefined) return null;
          return (
            <CommandButton key={reason} {...common} command={command} kind="reason" isOn={own?.reason === reason}>
              {REASON_TEXTS[reason]}
            </CommandButton>
          );
        })}
      </div>
    </footer>
  );
}

interface CommandButtonProps {
  readonly command: Command;
  readonly onCommand: (command: Command) => void;
  readonly children: ComponentChildren;
  readonly kind?: string;
  /** For a command that is on or off. */
  readonly isOn?: boolean | undefined;
  readonly isDisabled?: boolean;
}

/** A button that does what a key does, with the key on it. */
export function CommandButton(props: CommandButtonProps) {
  const { command, onCommand, children, kind = '', isOn, isDisabled = false } = props;
  return (
    <button
      type="button"
      class={`command ${kind}${isOn === true ? ' on' : ''}`}
      aria-pressed={isOn}
      disabled={isDisabled}
      // A click leaves the focus where it is, so that Space goes on to zoom.
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => onCommand(command)}
    >
      <span>{children}</span> <kbd aria-hidden="true">{keyHint(command)}</kbd>
    </button>
  );
}
