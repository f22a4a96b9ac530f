/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren, TargetedSubmitEvent } from 'preact';
import { useId, useRef } from 'preact/hooks';

interface ConfirmProps {
  /** The text of the button that asks. With a question mark, it is also the question. */
  readonly label: string;
  readonly yes: string;
  readonly children: ComponentChildren;
  readonly isChosen?: boolean;
  /** False while the children do not tell yet what `yes` would do. */
  readonly isReady?: boolean;
  readonly onAsk?: () => void;
  /** Receives the fields that stand beside the question, by their names, and the name of the button if it has one. */
  readonly onYes: (choices: FormData) => void;
}

export function Confirm(props: ConfirmProps) {
  const { label, yes, children, isChosen = false, isReady = true, onAsk = () => undefined, onYes } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const settle = ({ submitter, currentTarget }: TargetedSubmitEvent<HTMLFormElement>): void => {
    if (submitter instanceof HTMLButtonElement && submitter.value === 'yes')
      onYes(new FormData(currentTarget, submitter));
  };
  const ask = (): void => {
    onAsk();
    dialog.current?.querySelector('form')?.reset();
    dialog.current?.showModal();
  };
  return (
    <>
      <button type="button" class={isChosen ? 'chosen' : undefined} aria-haspopup="dialog" onClick={ask}>
        {label}
      </button>
      <dialog ref={dialog} aria-labelledby={id}>
        <form method="dialog" onSubmit={settle}>
          <h2 id={id}>{label}?</h2>
          {children}
          <p class="choices">
            <button value="yes" class="chosen" disabled={!isReady}>
              {yes}
            </button>
            <button value="no">Cancel</button>
          </p>
        </form>
      </dialog>
    </>
  );
}
