import type { ComponentChildren } from 'preact';
import { countText } from '../../../core/kernel/texts.ts';
import type { Selecting } from './selecting.ts';
import { allSelected, selectedCount } from './selection.ts';

interface BarProps {
  readonly desk: Selecting;
}

export function SelectMode({ desk }: BarProps) {
  const { tapMode } = desk;
  return (
    <button
      type="button"
      class="chip select-mode"
      aria-pressed={tapMode !== 'one'}
      onClick={() => desk.setTapMode(tapMode === 'one' ? 'several' : 'one')}
    >
      {tapMode === 'range' ? 'Tap the last photo' : 'Select'}
    </button>
  );
}

interface CountLineProps extends BarProps {
  /** The number of photos. */
  readonly text: string;
  readonly children?: ComponentChildren;
}

export function CountLine({ desk, text, children }: CountLineProps) {
  const { count, selection } = desk;
  const selected = selectedCount(selection);
  const isAll = selected >= count;
  return (
    <p class="quiet count-line" role="status">
      {text}
      {selected > 0 ? ` · ${countText(selected)} selected` : null}
      {count === 0 ? null : (
        <button
          type="button"
          class="plain"
          onClick={() => (isAll ? desk.clear() : desk.select(allSelected(selection, count)))}
        >
          <kbd aria-hidden="true">{isAll ? 'Esc' : 'Ctrl A'}</kbd> Select {isAll ? 'none' : 'all'}
        </button>
      )}
      {children}
    </p>
  );
}

interface ChipProps {
  /** A part of the filter. */
  readonly text: string;
  readonly onTakeOff: () => void;
}

export function Chip({ text, onTakeOff }: ChipProps) {
  return (
    <button type="button" class="chip on" aria-label={`Take off the filter: ${text}`} onClick={onTakeOff}>
      {text} <span aria-hidden="true">×</span>
    </button>
  );
}
