import type { ComponentChildren } from 'preact';
import type { OwnReview } from '../../review/desk/desk.ts';
import { nextRedo, nextUndo } from './history.ts';
import { keyHint, REJECTS, type Command } from './keys.ts';
import type { ReviewSession } from './session.ts';
import { REASON_TEXTS } from './words.ts';

interface ActionBarProps {
  readonly session: ReviewSession;
  readonly onCommand: (command: Command) => void;
  /** The reviewer's own review of the photo; `null` without a photo or with several selected. */
  readonly own: OwnReview | null;
  /** True if there is a photo to judge. */
  readonly isReady: boolean;
  /** Shown before the buttons: `3 selected`. */
  readonly before?: ComponentChildren;
  /** Shown after the buttons: the strip. */
  readonly children?: ComponentChildren;
}

/** The row of action buttons, with the reject reasons below it. */
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
  /** The state of a toggle command; undefined for others. */
  readonly isOn?: boolean | undefined;
  readonly isDisabled?: boolean;
}

/** A button that runs a key's command and shows the key. */
export function CommandButton(props: CommandButtonProps) {
  const { command, onCommand, children, kind = '', isOn, isDisabled = false } = props;
  return (
    <button
      type="button"
      class={`command ${kind}${isOn === true ? ' on' : ''}`}
      aria-pressed={isOn}
      disabled={isDisabled}
      // A click does not move the focus, so that Space still zooms.
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => onCommand(command)}
    >
      <span>{children}</span> <kbd aria-hidden="true">{keyHint(command)}</kbd>
    </button>
  );
}
