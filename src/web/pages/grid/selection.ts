/** Photos in the grid, by position: from `from` to `to`, both included. */
type Span = readonly [from: number, to: number];

export interface Selection {
  readonly cursor: number;
  readonly anchor: number;
  /** Sorted, without overlaps. */
  readonly spans: readonly Span[];
  /** The spans to which the range from `anchor` to `cursor` is added. */
  readonly kept: readonly Span[];
  /** True if a click selected the cursor's photo alone. It is selected until the cursor moves. */
  readonly isClicked: boolean;
}

export const NOTHING_SELECTED: Selection = { cursor: 0, anchor: 0, spans: [], kept: [], isClicked: false };

/** Moves the cursor. Keeps the selection, except a photo selected by a single click. */
export function movedTo(selection: Selection, cursor: number): Selection {
  const spans = selection.isClicked ? [] : selection.spans;
  return { cursor, anchor: cursor, spans, kept: spans, isClicked: false };
}

/** Selects from the anchor to `cursor`. A range that was just made from the same anchor changes its end. */
export function extendedTo({ anchor, kept }: Selection, cursor: number): Selection {
  const range: Span = [Math.min(anchor, cursor), Math.max(anchor, cursor)];
  return { cursor, anchor, spans: withSpan(kept, range), kept, isClicked: false };
}

export function clickedOn(cursor: number): Selection {
  return { cursor, anchor: cursor, spans: [[cursor, cursor]], kept: [], isClicked: true };
}

export function toggledAt(selection: Selection, cursor: number): Selection {
  const spans = isSelected(selection, cursor)
    ? withoutOne(selection.spans, cursor)
    : withSpan(selection.spans, [cursor, cursor]);
  return { cursor, anchor: cursor, spans, kept: spans, isClicked: false };
}

export function allSelected({ cursor }: Selection, count: number): Selection {
  const spans: Span[] = count === 0 ? [] : [[0, count - 1]];
  return { cursor, anchor: cursor, spans, kept: spans, isClicked: false };
}

export function cleared({ cursor }: Selection): Selection {
  return { ...NOTHING_SELECTED, cursor, anchor: cursor };
}

/** Clears the selection after a decision. If it was on one photo, the cursor moves to the next one. */
export function afterDecision(selection: Selection, count: number): Selection {
  const [[first, last] = [0, 0], ...others] = targetsOf(selection);
  const isOne = first === last && others.length === 0;
  return cleared({ ...selection, cursor: isOne ? Math.min(first + 1, Math.max(0, count - 1)) : selection.cursor });
}

export function isSelected({ spans }: Selection, position: number): boolean {
  return spans.some(([from, to]) => from <= position && position <= to);
}

export function selectedCount({ spans }: Selection): number {
  return spans.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/** Positions to which a decision applies: the selection, or the cursor if nothing is selected. */
export function targetsOf(selection: Selection): readonly Span[] {
  return selection.spans.length > 0 ? selection.spans : [[selection.cursor, selection.cursor]];
}

export function itemsIn<Item>(items: readonly Item[], spans: readonly Span[]): Item[] {
  return spans.flatMap(([from, to]) => items.slice(from, to + 1));
}

function withSpan(spans: readonly Span[], added: Span): Span[] {
  const apart = spans.filter(([from, to]) => to < added[0] - 1 || from > added[1] + 1);
  const joined = spans.filter(([from, to]) => to >= added[0] - 1 && from <= added[1] + 1);
  const from = Math.min(added[0], ...joined.map((span) => span[0]));
  const to = Math.max(added[1], ...joined.map((span) => span[1]));
  return [...apart, [from, to] as const].toSorted((a, b) => a[0] - b[0]);
}

function withoutOne(spans: readonly Span[], position: number): Span[] {
  return spans.flatMap(([from, to]): Span[] => {
    if (position < from || position > to) return [[from, to]];
    const parts: Span[] = [
      [from, position - 1],
      [position + 1, to],
    ];
    return parts.filter((part) => part[0] <= part[1]);
  });
}
