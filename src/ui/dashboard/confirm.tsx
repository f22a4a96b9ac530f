import type { ComponentChildren } from 'preact';
import { useId, useRef } from 'preact/hooks';

interface ConfirmProps {
  /** Of the button that asks. */
  readonly label: string;
  /** What is asked. */
  readonly question: string;
  /** Of the button that does it. */
  readonly yes: string;
  readonly children: ComponentChildren;
  readonly onYes: () => void;
  /** Called when the question is shown, to reset the choices beside it. */
  readonly onAsk?: () => void;
}

/** A button that asks before it does anything; Escape or Cancel, and nothing is done. */
export function Confirm({ label, question, yes, children, onYes, onAsk }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const settle = (event: SubmitEvent): void => {
    const { submitter } = event;
    if (submitter instanceof HTMLButtonElement && submitter.value === 'yes') onYes();
  };
  const ask = (): void => {
    onAsk?.();
    dialog.current?.showModal();
  };
  return (
    <>
      <button type="button" aria-haspopup="dialog" onClick={ask}>
        {label}
      </button>
      <dialog ref={dialog} aria-labelledby={id}>
        <form method="dialog" onSubmit={settle}>
          <h2 id={id}>{question}</h2>
          {children}
          <p class="choices">
            <button value="yes" class="chosen">
              {yes}
            </button>
            <button value="no">Cancel</button>
          </p>
        </form>
      </dialog>
    </>
  );
}
