export interface MapInOrderOptions {
  readonly limit: number;
  readonly signal?: AbortSignal;
}

/**
 * Maps items with up to `limit` concurrent calls, in the order of the items. Holds at most `limit` results, and takes
 * no further item while its consumer pauses. When the consumer stops, the signal aborts, or an item or a call throws,
 * it aborts the running calls and awaits them. So no call outlives the generator.
 */
export async function* mapInOrder<Item, Result>(
  items: AsyncIterable<Item>,
  { limit, signal }: MapInOrderOptions,
  map: (item: Item, signal: AbortSignal) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const underWay: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const result = map(item, either);
      // A rejection is handled where the result is awaited. Until then it must not count as unhandled.
      result.catch(() => {});
      const first = underWay.push(result) < limit ? undefined : underWay.shift();
      if (first !== undefined) yield await first;
    }
    for (let first = underWay.shift(); first !== undefined; first = underWay.shift()) yield await first;
  } finally {
    stop.abort();
    await Promise.allSettled(underWay);
  }
}
