import { useState } from 'preact/hooks';
import type { PhotoEvidenceShown } from '../../review/desk.ts';
import { Dialog } from './dialog.tsx';

interface SeenDialogProps {
  /** All classes. Those that models find likely come first. */
  readonly names: readonly string[];
  readonly onName: (name: string) => void;
  readonly onClose: () => void;
}

const SHOWN = 12;

/** Asks in mode O which of the 1,000 classes is visible. Enter takes the first one that fits, Escape names none. */
export function SeenDialog({ names, onName, onClose }: SeenDialogProps) {
  const [text, setText] = useState('');
  const fitting = names.filter((name) => name.toLowerCase().includes(text.trim().toLowerCase())).slice(0, SHOWN);
  return (
    <Dialog title="Which class is visible?" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const name = fitting[0] ?? text.trim();
          if (text.trim() === '') onClose();
          else onName(name);
        }}
      >
        <input
          value={text}
          aria-label="Class"
          placeholder="type a part of its name"
          autofocus
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <ul class="names">
          {fitting.map((name) => (
            <li key={name}>
              <button type="button" onClick={() => onName(name)}>
                {name}
              </button>
            </li>
          ))}
        </ul>
        <p>
          <small>Enter takes the first one, or what you typed. Escape names none.</small>
        </p>
      </form>
    </Dialog>
  );
}

/** The classes that any model puts among the first five of any crop, the most probable first. */
export function namesIn(evidence: PhotoEvidenceShown | string | null): readonly string[] {
  if (evidence === null || typeof evidence === 'string') return [];
  const tops = [...evidence.members, ...evidence.outside].flatMap(({ crops }) => crops.flatMap(({ top }) => top));
  const all = [...evidence.alsoSeen, ...tops].toSorted((a, b) => b.prob - a.prob);
  return [...new Set(all.map(({ name }) => name))];
}
