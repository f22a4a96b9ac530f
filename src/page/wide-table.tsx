/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';

interface WideTableProps {
  readonly label: string;
  readonly heads: readonly string[];
  readonly caption?: string;
  readonly rows: readonly {
    readonly key: string;
    readonly head: ComponentChildren;
    readonly cells: readonly ComponentChildren[];
  }[];
}

/** A table that scrolls sideways on a narrow screen, also by keyboard. */
export function WideTable({ label, heads, caption, rows }: WideTableProps) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        {caption === undefined ? null : <caption>{caption}</caption>}
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
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
