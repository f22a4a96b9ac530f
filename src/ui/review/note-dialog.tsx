import { useState } from 'preact/hooks';
import { Dialog } from './dialog.tsx';

interface NoteDialogProps {
  readonly title: string;
  readonly text: string;
  readonly onSave: (text: string) => void;
  readonly onClose: () => void;
}

/** A field for a note. Enter saves it, Shift+Enter starts a line, Escape leaves the note as it is. */
export function NoteDialog({ title, text, onSave, onClose }: NoteDialogProps) {
  const [now, setNow] = useState(text);
  return (
    <Dialog title={title} onClose={onClose}>
      <textarea
        rows={4}
        value={now}
        maxLength={2_000}
        aria-label={title}
        autofocus
        onInput={({ currentTarget }) => setNow(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          onSave(now.trim());
        }}
      />
      <p class="choices">
        <button type="button" class="chosen" onClick={() => onSave(now.trim())}>
          Save
        </button>
        <small>Enter saves, Escape cancels</small>
      </p>
    </Dialog>
  );
}
