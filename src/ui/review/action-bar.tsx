import type { ComponentChildren } from 'preact';
import type { OwnReview } from '../../review/desk/desk.ts';
import type { Desk } from './desk.ts';
import { keyHint, REJECTS, type Command } from './keys.ts';
import { orderText, REASON_TEXTS } from './words.ts';

interface ActionBarProps {
  readonly desk: Desk;
  readonly isReady: boolean;
  readonly before?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** The buttons of the first row, with their classes. Toggles know whether they are on for the reviewer's own review. */
const BUTTONS: readonly {
  readonly command: Command;
  readonly text: string;
  readonly kind?: string;
  readonly isOn?: (own: OwnReview | null) => boolean;
}[] = [
  { command: 'accept', text: 'Accept', kind: 'yes', isOn: (own) => own?.verdict === 'accept' },
  {
    command: 'reject',
    text: 'Reject',
    kind: 'no',
    isOn: (own) => own?.verdict === 'reject' && own.reason === null,
  },
  { command: 'unsure', text: 'Unsure', isOn: (own) => own?.verdict === 'unsure' },
  { command: 'undo', text: 'Undo', kind: 'undo' },
  { command: 'redo', text: 'Redo', kind: 'second' },
  { command: 'flag', text: 'Flag', kind: 'second', isOn: (own) => own?.flagged === true },
  { command: 'also', text: 'Classes', kind: 'second', isOn: (own) => (own?.alsoWnids.length ?? 0) > 0 },
  { command: 'tags', text: 'Tags', kind: 'second', isOn: (own) => (own?.tags.length ?? 0) > 0 },
  { command: 'note', text: 'Note', kind: 'second', isOn: (own) => (own?.note ?? '') !== '' },
];

export function ActionBar({ desk, isReady, before, children }: ActionBarProps) {
  const { own, store } = desk;
  const { setup, history } = store;
  const isDisabled = (command: Command): boolean => {
    if (command === 'undo') return history.done.length === 0;
    if (command === 'redo') return history.undone.length === 0;
    return !isReady || !setup.mayReview;
  };
  return (
    <footer class="review-bar">
      <div class="actions" role="group" aria-label="Decide">
        {before}
        {BUTTONS.filter(({ command }) => desk.isOffered(command)).map(({ command, text, kind, isOn }) => (
          <CommandButton key={command} {...{ desk, command, kind }} isOn={isOn?.(own)} isDisabled={isDisabled(command)}>
            {text}
          </CommandButton>
        ))}
      </div>
      {children}
      <div class="reasons" role="group" aria-label="Reject, because">
        {setup.reasons.map((reason, i) => {
          const command = REJECTS[i] ?? 'reject';
          return (
            <CommandButton
              key={reason}
              {...{ desk, command }}
              kind="reason"
              isOn={own?.reason === reason}
              isDisabled={isDisabled(command)}
            >
              {REASON_TEXTS[reason]}
            </CommandButton>
          );
        })}
      </div>
    </footer>
  );
}

interface CommandButtonProps {
  readonly desk: Desk;
  readonly command: Command;
  readonly children: ComponentChildren;
  readonly kind?: string | undefined;
  /** The state of a toggle command; undefined for others. */
  readonly isOn?: boolean | undefined;
  readonly isDisabled?: boolean;
  readonly onClick?: () => void;
}

export function CommandButton(props: CommandButtonProps) {
  const { desk, command, children, kind = '', isOn, isDisabled = false, onClick = () => desk.run(command) } = props;
  return (
    <button
      type="button"
      class={`command ${kind}${isOn === true ? ' on' : ''}`}
      aria-pressed={isOn}
      disabled={isDisabled}
      // A click does not move the focus, so that Space still zooms.
      onMouseDown={(event) => event.preventDefault()}
      onClick={onClick}
    >
      <span>{children}</span> <kbd aria-hidden="true">{keyHint(command)}</kbd>
    </button>
  );
}

export function OrderChoice({ desk }: { readonly desk: Desk }) {
  const { orders } = desk.store.setup;
  return (
    <select
      value={desk.order}
      onChange={({ currentTarget }) => {
        const chosen = orders.find((one) => one === currentTarget.value);
        if (chosen !== undefined) desk.go({ ...desk.view, order: chosen, photo: undefined });
        // Keys are for the page again.
        currentTarget.blur();
      }}
    >
      {orders.map((one) => (
        <option key={one} value={one}>
          {orderText(one, desk.store.setup)}
        </option>
      ))}
    </select>
  );
}
