import * as z from 'zod';
import { UsageError } from '../../kernel/errors.ts';
import { jsonOf } from '../../kernel/json.ts';
import type { Json } from '../sources/network-source.ts';

/** A class's line in a queries file: what to search for at each source. */
export type QueryLine = Readonly<Record<string, Json>>;

const lineSchema = z.looseObject({ wnid: z.string().min(1) });

/** Reads a queries file (JSON Lines, one class a line; see config/classes/README.md). Lines of one class are merged; of a source, the last counts. */
export function parseQueries(text: string, fileName: string): ReadonlyMap<string, QueryLine> {
  const lines = new Map<string, QueryLine>();
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const parsed = lineSchema.safeParse(jsonOf(line));
    if (!parsed.success) {
      throw new UsageError(
        `Expected a JSON object with a wnid in ${fileName}:${i + 1} but received '${line.slice(0, 80)}'`,
        { code: 'bad-queries' },
      );
    }
    const { wnid } = parsed.data;
    lines.set(wnid, { ...lines.get(wnid), ...z.record(z.string(), z.json()).parse(parsed.data) });
  }
  return lines;
}
