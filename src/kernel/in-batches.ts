interface Waiting<Item, Result> {
  readonly item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Gathers what many callers ask for one by one into batches. An item that comes alone is worked at once; what comes while
 * a batch is worked waits for its end and goes together. So nothing is held back for the sake of a larger batch, and the
 * busier it gets, the fewer calls there are.
 *
 * If a batch fails, each of its items is tried alone, so that no item fails for another's sake.
 *
 * @param work must be safe to repeat; gives a result for each item, in their order
 */
export function inBatches<Item, Result>(
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
  maxItems: number,
): (item: Item) => Promise<Result> {
  const waiting: Waiting<Item, Result>[] = [];
  let isWorking = false;

  const settle = async (batch: readonly Waiting<Item, Result>[]): Promise<void> => {
    try {
      const results = await work(batch.map(({ item }) => item));
      if (results.length !== batch.length)
        throw new Error(`Expected ${batch.length} results of a batch but received ${results.length}`);
      for (const [i, result] of results.entries()) batch[i]?.resolve(result);
    } catch (error) {
      if (batch.length === 1) batch[0]?.reject(error);
      else for (const one of batch) await settle([one]);
    }
  };

  const run = async (): Promise<void> => {
    isWorking = true;
    while (waiting.length > 0) await settle(waiting.splice(0, maxItems));
    isWorking = false;
  };

  return async (item) =>
    new Promise<Result>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!isWorking) void run();
    });
}
