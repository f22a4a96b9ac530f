import { Dialog } from './dialog.tsx';
import { COMMAND_NAMES, COMMANDS, isIn, keysOf, keyText, reasonOf, type Command } from './keys.ts';
import type { ReviewSession } from './session.ts';
import { REASON_TEXTS } from './words.ts';

interface KeysDialogProps {
  readonly session: ReviewSession;
  readonly view: 'single' | 'grid';
  readonly onClose: () => void;
}

/** The list of keys. */
export function KeysDialog({ session, view, onClose }: KeysDialogProps) {
  return (
    <Dialog title="Keys" kind="keys" onClose={onClose}>
      <ul>
        {COMMAND_NAMES.filter((command) => isIn(command, view)).map((command) => (
          <li key={command}>
            <span>{textOf(session, command)}</span>
            <span>
              {keysOf(command).map((key) => (
                <kbd key={key}>{keyText(key)}</kbd>
              ))}
            </span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function textOf({ setup }: ReviewSession, command: Command): string {
  const reason = reasonOf(command, setup.reasons);
  return reason === undefined ? COMMANDS[command].text : `Reject: ${REASON_TEXTS[reason]}`;
}
