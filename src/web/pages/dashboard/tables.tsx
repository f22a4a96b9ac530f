/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import { WideTable, type Sorting } from '../../../core/page/wide-table.tsx';

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
