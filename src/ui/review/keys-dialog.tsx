import { useState } from 'preact/hooks';
import { Dialog } from './dialog.tsx';
import { COMMAND_NAMES, COMMANDS, conflictOf, DEFAULT_KEYS, isIn, keyName, keysOf, keyText, withKey } from './keys.ts';
import type { Command } from './keys.ts';
import { reasonIndexOf } from './action-bar.tsx';
import type { ReviewSession } from './session.ts';
import { useSession } from './use-session.ts';
import { REASON_TEXTS } from './words.ts';

interface KeysDialogProps {
  readonly session: ReviewSession;
  readonly view: 'single' | 'grid';
  readonly onClose: () => void;
}

/** The list of keys, and where they are changed. */
export function KeysDialog({ session, view, onClose }: KeysDialogProps) {
  useSession(session);
  const [changing, setChanging] = useState<Command | null>(null);
  const [problem, setProblem] = useState('');
  const { keys } = session;
  const press = (event: KeyboardEvent): void => {
    const key = changing === null ? null : keyName(event);
    if (changing === null || key === null) return;
    event.preventDefault();
    event.stopPropagation();
    const other = conflictOf(changing, key, keys);
    if (key !== 'Escape' && other !== null) {
      setProblem(`${keyText(key)} is the key of “${textOf(session, other)}”. Press another one, or Escape.`);
      return;
    }
    setProblem('');
    setChanging(null);
    if (key !== 'Escape') session.setKeys(withKey(keys, changing, key));
  };
  return (
    <Dialog title="Keys" kind="keys" onClose={onClose}>
      <div onKeyDownCapture={press}>
        <ul>
          {COMMAND_NAMES.filter((command) => isIn(command, view)).map((command) => (
            <KeyRow
              key={command}
              text={textOf(session, command)}
              keys={changing === command ? null : keysOf(keys, command)}
              onChange={() => setChanging(command)}
            />
          ))}
        </ul>
        <p role="alert" class="trouble">
          {problem}
        </p>
        <p class="choices">
          <button type="button" onClick={() => session.setKeys(DEFAULT_KEYS)}>
            Default keys
          </button>
          <small>Click on a key to change it. Changes are kept in this browser.</small>
        </p>
      </div>
    </Dialog>
  );
}

interface KeyRowProps {
  readonly text: string;
  /** Null while the new key is awaited. */
  readonly keys: readonly string[] | null;
  readonly onChange: () => void;
}

function KeyRow({ text, keys, onChange }: KeyRowProps) {
  return (
    <li>
      <span>{text}</span>
      <button type="button" aria-label={`Change the key of: ${text}`} onClick={onChange}>
        {keys?.map((key) => <kbd key={key}>{keyText(key)}</kbd>) ?? 'press a key'}
      </button>
    </li>
  );
}

function textOf({ setup }: ReviewSession, command: Command): string {
  const index = reasonIndexOf(command);
  const reason = index === null ? undefined : setup.reasons[index];
  return reason === undefined ? COMMANDS[command].text : `Reject: ${REASON_TEXTS[reason]}`;
}
