import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

interface DialogProps {
  readonly title: string;
  readonly kind?: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ title, kind = '', onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // A selection of text may begin or end beside the dialog. That is a click on the dialog, too, and does not close it.
  const isPressedBeside = useRef(false);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class={`review-dialog ${kind}`}
      aria-labelledby={id}
      // At Escape `close` comes later than `cancel`, and a key that is pressed in between would be lost.
      onCancel={onClose}
      onClose={() => dialog.current !== null && onClose()}
      onMouseDown={({ target }) => (isPressedBeside.current = target === dialog.current)}
      onMouseUp={({ target }) => (isPressedBeside.current &&= target === dialog.current)}
      onClick={({ target }) => {
        if (target === dialog.current && isPressedBeside.current) dialog.current?.close();
      }}
    >
      <div class="inside">
        <header>
          <h2 id={id}>{title}</h2>
          <button type="button" class="plain" aria-label="Close" onClick={() => dialog.current?.close()}>
            ×
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

interface FormDialogProps extends DialogProps {
  readonly onSave: (form: HTMLFormElement) => void;
  readonly onKey?: (key: string, form: HTMLFormElement) => void;
}

export function FormDialog({ onSave, onKey, children, ...dialog }: FormDialogProps) {
  return (
    <Dialog {...dialog}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          dialog.onClose();
          onSave(event.currentTarget);
        }}
        onKeyDown={(event) => {
          onKey?.(event.key, event.currentTarget);
          const isButton = event.target instanceof HTMLButtonElement;
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing || isButton) return;
          event.preventDefault();
          event.currentTarget.requestSubmit();
        }}
      >
        {children}
        <p class="choices">
          <button class="chosen">Save</button>
          <small>Enter saves, Escape cancels</small>
        </p>
      </form>
    </Dialog>
  );
}
