const IDS_PER_QUERY = 10_000;

/** Reads ids in ascending order, one query for each portion, and converts each portion to jobs. */
export async function* inPortions<Payload>(
  idsAfter: (after: number, limit: number) => Promise<readonly number[]>,
  jobsFor: (ids: readonly number[]) => readonly Payload[],
): AsyncGenerator<readonly Payload[]> {
  let after = 0;
  for (;;) {
    const ids = await idsAfter(after, IDS_PER_QUERY);
    if (ids.length > 0) yield jobsFor(ids);
    const last = ids.at(-1);
    if (last === undefined || ids.length < IDS_PER_QUERY) return;
    after = last;
  }
}
