import type { ComponentChildren } from 'preact';
import { keyHint, type Command } from './keys.ts';

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
