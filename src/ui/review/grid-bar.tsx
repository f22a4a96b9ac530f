import { countOf, countText } from '../../kernel/texts.ts';
import { FilterChips } from './filter-chips.tsx';
import type { Grid } from './grid-model.ts';
import { keyHint } from './keys.ts';
import { selectedCount } from './selection.ts';
import { ORDER_TEXTS } from './words.ts';

/** The grid's filter, order and number of photos. */
export function FilterBar({ grid }: { readonly grid: Grid }) {
  const { view, count, selection, subjects } = grid;
  const nameOf = (wnid: string): string => grid.nameOf(wnid);
  const selected = selectedCount(selection);
  return (
    <div class="filters">
      <FilterChips filter={view.filter} nameOf={nameOf} onFilter={(filter) => grid.go({ ...view, filter })} />
      <SortChip grid={grid} />
      <button type="button" class="chip" aria-haspopup="dialog" onClick={() => grid.setDialog('filter')}>
        Filter <kbd aria-hidden="true">{keyHint('filter')}</kbd>
      </button>
      <button
        type="button"
        class="chip select-mode"
        aria-pressed={grid.tapMode !== 'one'}
        onClick={() => grid.setTapMode(grid.tapMode === 'one' ? 'several' : 'one')}
      >
        {grid.tapMode === 'range' ? 'Tap the last photo' : 'Select'}
      </button>
      <RefreshChip grid={grid} />
      {subjects === null ? null : (
        <p class="quiet count-line">
          {countOf(count, 'photo')}
          {selected > 0 ? ` · ${countText(selected)} selected` : null}
          {selected < count ? (
            <button type="button" class="plain" onClick={() => grid.run('select-all')}>
              <kbd aria-hidden="true">{keyHint('select-all')}</kbd> Select all
            </button>
          ) : (
            <button type="button" class="plain" onClick={() => grid.clear()}>
              <kbd aria-hidden="true">Esc</kbd> Select none
            </button>
          )}
        </p>
      )}
    </div>
  );
}

function SortChip({ grid }: { readonly grid: Grid }) {
  const { session, view, order } = grid;
  return (
    <label class="chip sort">
      Sort
      <select
        value={order}
        onChange={({ currentTarget: { value } }) => {
          const chosen = session.setup.orders.find((one) => one === value);
          if (chosen !== undefined) grid.go({ filter: view.filter, order: chosen });
        }}
      >
        {session.setup.orders.map((one) => (
          <option key={one} value={one}>
            {ORDER_TEXTS[one]}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Decided photos stay in the grid until the reviewer presses this. */
function RefreshChip({ grid }: { readonly grid: Grid }) {
  const gone = grid.desk.countGone(grid.view.filter);
  if (gone === 0) return null;
  return (
    <button type="button" class="chip refresh" onClick={() => grid.refresh()}>
      ↻ {countText(gone)} no longer {gone === 1 ? 'matches' : 'match'}
    </button>
  );
}
