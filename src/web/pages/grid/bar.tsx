import type { ComponentChildren } from 'preact';
import { countText } from '../../../core/kernel/texts.ts';
import { selectedCount } from './selection.ts';
import type { TileSheet } from './tile-sheet.ts';

interface BarProps {
  readonly sheet: TileSheet;
}

export function SelectMode({ sheet: { tapMode } }: BarProps) {
  const isOne = tapMode.value === 'one';
  return (
    <button
      type="button"
      class="chip select-mode"
      aria-pressed={!isOne}
      onClick={() => (tapMode.value = isOne ? 'several' : 'one')}
    >
      {tapMode.value === 'range' ? 'Tap the last photo' : 'Select'}
    </button>
  );
}

interface CountLineProps extends BarProps {
  /** The number of photos. */
  readonly text: string;
  /** The number that stands for all, if not all of them are loaded. */
  readonly total?: number;
  readonly children?: ComponentChildren;
}

export function CountLine({ sheet, text, total, children }: CountLineProps) {
  const { count } = sheet;
  const selected = selectedCount(sheet.selection);
  const isAll = selected >= count;
  return (
    <p class="quiet count-line" role="status">
      {text}
      {selected > 0 ? ` · ${countText(isAll ? (total ?? selected) : selected)} selected` : null}
      {count === 0 ? null : (
        <button type="button" class="plain" onClick={() => (isAll ? sheet.clear() : sheet.selectAll())}>
          <kbd aria-hidden="true">{isAll ? 'Esc' : 'Ctrl A'}</kbd> Select {isAll ? 'none' : 'all'}
        </button>
      )}
      {children}
    </p>
  );
}

/** A part of a filter, and the filter without it. */
export interface FilterChip<Filter> {
  readonly text: string;
  readonly without: Filter;
}

interface ChipsProps<Filter> {
  readonly chips: readonly FilterChip<Filter>[];
  readonly onGo: (filter: Filter) => void;
}

export function Chips<Filter>({ chips, onGo }: ChipsProps<Filter>) {
  return (
    <>
      {chips.map(({ text, without }) => (
        <button
          key={text}
          type="button"
          class="chip on"
          aria-label={`Take off the filter: ${text}`}
          onClick={() => onGo(without)}
        >
          {text} <span aria-hidden="true">×</span>
        </button>
      ))}
    </>
  );
}
