/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';

interface Sorting {
  /** The heads of the columns by which rows can be sorted. */
  readonly heads: readonly string[];
  readonly head: string;
  readonly isDown: boolean;
  readonly onSort: (head: string) => void;
}

interface WideTableProps {
  readonly label: string;
  readonly heads: readonly string[];
  readonly caption?: string;
  readonly sorting?: Sorting | undefined;
  readonly rows: readonly {
    readonly key: string;
    readonly head: ComponentChildren;
    readonly cells: readonly ComponentChildren[];
  }[];
}

/** A table that scrolls sideways on a narrow screen, also by keyboard. */
export function WideTable({ label, heads, caption, sorting, rows }: WideTableProps) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        {caption === undefined ? null : <caption>{caption}</caption>}
        <thead>
          <tr>
            {heads.map((head) => (
              <Head key={head} head={head} sorting={sorting?.heads.includes(head) === true ? sorting : null} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, head, cells }) => (
            <tr key={key}>
              <th scope="row">{head}</th>
              {cells.map((cell, i) => (
                <td key={heads[i + 1]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Head({ head, sorting }: { readonly head: string; readonly sorting: Sorting | null }) {
  if (sorting === null) return <th scope="col">{head}</th>;
  const order = sorting.head !== head ? 'none' : sorting.isDown ? 'descending' : 'ascending';
  return (
    <th scope="col" aria-sort={order}>
      <button type="button" class="sort" onClick={() => sorting.onSort(head)}>
        {head}
        <span aria-hidden="true">{{ none: '', descending: ' ↓', ascending: ' ↑' }[order]}</span>
      </button>
    </th>
  );
}

interface TableProps<Item> {
  readonly caption: string;
  readonly rows: readonly Item[];
  readonly keyOf: (row: Item) => string;
  /** A renderer for each column, by the column's head. The first column names the row. */
  readonly columns: Readonly<Record<string, (row: Item) => ComponentChildren>>;
  readonly sorting?: Sorting;
  /** Only screen readers get it, because a heading says the same. */
  readonly isCaptionHidden?: boolean;
}

export function Table<Item>({ caption, rows, keyOf, columns, sorting, isCaptionHidden = false }: TableProps<Item>) {
  const lines = rows.map((row) => {
    const [head, ...cells] = Object.values(columns).map((textOf) => textOf(row));
    return { key: keyOf(row), head, cells };
  });
  const shown = isCaptionHidden ? {} : { caption };
  return <WideTable {...shown} sorting={sorting} label={caption} heads={Object.keys(columns)} rows={lines} />;
}
