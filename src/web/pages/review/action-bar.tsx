import { Fragment, type ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { countText } from '../../../core/kernel/texts.ts';
import type { OwnReview } from '../../../core/review/desk/desk.ts';
import type { Desk } from './desk.ts';
import { keyHint, REJECTS, type KeyCommand } from './keys.ts';
import type { ReviewStore } from './store/review-store.ts';
import { orderText, REASON_TEXTS } from './words.ts';

interface ActionBarProps {
  readonly desk: Desk;
  readonly isReady: boolean;
  readonly before?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** The buttons of the first row, with their classes. Toggles know whether they are on for the reviewer's own review. */
const BUTTONS: readonly {
  readonly command: KeyCommand;
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
  const { setup } = store;
  const history = store.history.value;
  const isDisabled = (command: KeyCommand): boolean => {
    if (command === 'undo') return history.done.length === 0;
    if (command === 'redo') return history.undone.length === 0;
    if (command === 'accept' && !desk.mayAccept) return true;
    return !isReady || !setup.mayReview;
  };
  return (
    <footer class="review-bar">
      <div class="actions" role="group" aria-label="Decide">
        {before}
        {BUTTONS.filter(({ command }) => desk.isOffered(command)).map(({ command, text, kind, isOn }) => (
          <Fragment key={command}>
            <CommandButton
              {...{ desk, command, kind }}
              isOn={isOn?.(own)}
              isDisabled={isDisabled(command)}
              onClick={command === 'reject' ? () => rejectOn(desk) : undefined}
            >
              {text}
            </CommandButton>
            {command === 'undo' ? <NotStored store={store} /> : null}
          </Fragment>
        ))}
        <button
          type="button"
          class="command rest"
          aria-haspopup="dialog"
          onClick={() => desk.openDialog({ kind: 'more' })}
        >
          More
        </button>
      </div>
      {children}
      <Reasons {...{ desk, own, isDisabled }} />
    </footer>
  );
}

interface ReasonsProps extends Pick<ActionBarProps, 'desk'> {
  readonly own: OwnReview | null;
  readonly isDisabled: (command: KeyCommand) => boolean;
}

function Reasons({ desk, own, isDisabled }: ReasonsProps) {
  return (
    <div class="reasons" role="group" aria-label="Reject, because">
      {desk.store.setup.reasons.map((reason, i) => {
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
  );
}

/** As in the style sheets: the screens whose bar has no place for the reasons. */
const SMALL = '(max-width: 54rem)';

function rejectOn(desk: Desk): void {
  if (matchMedia(SMALL).matches) desk.openDialog({ kind: 'reasons' });
  else desk.run('reject');
}

const LATE_MS = 5_000;

/** Says how many actions the server has not stored, once the first of them has waited for five seconds. */
function NotStored({ store: { outbox } }: { readonly store: ReviewStore }) {
  const [first, ...others] = outbox?.waiting.value ?? [];
  const nowMs = useSignal(Date.now());
  const lateAtMs = first === undefined ? Infinity : Date.parse(first.action.at) + LATE_MS;
  useEffect(() => {
    if (lateAtMs === Infinity) return undefined;
    const timer = setTimeout(() => (nowMs.value = Date.now()), Math.max(0, lateAtMs - Date.now()) + 1);
    return () => clearTimeout(timer);
  }, [lateAtMs]);
  return (
    <span role="status" class="not-stored">
      {nowMs.value < lateAtMs ? '' : `${countText(others.length + 1)} not stored yet`}
    </span>
  );
}

interface CommandButtonProps {
  readonly desk: Desk;
  readonly command: KeyCommand;
  readonly children: ComponentChildren;
  readonly kind?: string | undefined;
  /** The state of a toggle command; undefined for others. */
  readonly isOn?: boolean | undefined;
  readonly isDisabled?: boolean;
  readonly onClick?: (() => void) | undefined;
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
        if (chosen !== undefined) desk.go({ ...desk.view.value, order: chosen, photo: undefined });
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
