import type { ReviewFilter } from '../../review/desk/desk.ts';
import { chipsOf } from './grid-chips.ts';

interface FilterChipsProps {
  readonly filter: ReviewFilter;
  readonly nameOf: (wnid: string) => string;
  /** Called with the filter without the part that was taken off. */
  readonly onFilter: (filter: ReviewFilter) => void;
}

/** The parts of a filter. A click takes one off. */
export function FilterChips({ filter, nameOf, onFilter }: FilterChipsProps) {
  return (
    <>
      {chipsOf(filter, nameOf).map(({ text, without }) => (
        <button
          key={text}
          type="button"
          class="chip on"
          aria-label={`Take off the filter: ${text}`}
          onClick={() => onFilter(without)}
        >
          {text} <span aria-hidden="true">×</span>
        </button>
      ))}
    </>
  );
}
