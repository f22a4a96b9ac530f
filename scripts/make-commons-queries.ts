import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { packageRoot } from '../src/core/config/root.ts';
import { groupBy } from '../src/core/kernel/group-by.ts';
import { writeOut } from '../src/core/cli/text/output.ts';

/**
 * Prints config/classes/queries-commons.jsonl. FILE maps each wnid to a Wikidata item: {source, wikidata: {wnid: "Q1"}}. Classes that
 * share an item get no `depicts`.
 */
const USAGE = 'node --import tsx scripts/make-commons-queries.ts FILE > config/classes/queries-commons.jsonl';

const classSchema = z.object({
  wnid: z.string(),
  name: z.string(),
  synonyms: z.array(z.string()),
  scientificName: z.string().nullable(),
});
const curatedSchema = z.object({ wnid: z.string(), flickr: z.array(z.object({ text: z.string() })) });
const mappingSchema = z.object({ source: z.string(), wikidata: z.record(z.string(), z.string()) });

const [file] = parseArgs({ allowPositionals: true }).positionals;
if (file === undefined) throw new Error(`Expected a file: ${USAGE}`);
const { wikidata } = mappingSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
const classes = linesOf('imagenet-1k.jsonl', classSchema);
const curated = new Map(
  linesOf('queries-imagenet-a.jsonl', curatedSchema).map(({ wnid, flickr }) => [wnid, flickr.map(({ text }) => text)]),
);
const items = groupBy(classes, ({ wnid }) => wikidata[wnid] ?? '');
const names = groupBy(
  classes.flatMap((one) => one.synonyms.map((name) => [name.toLowerCase(), one.wnid] as const)),
  ([name]) => name,
);

for (const { wnid, name, synonyms, scientificName } of classes) {
  const item = wikidata[wnid];
  const sharers = items.get(item ?? '') ?? [];
  const depicts = item === undefined || sharers.length > 1 ? [] : [{ depicts: item }];
  const own = synonyms.filter(
    (one) => one.includes(' ') && one !== scientificName && names.get(one.toLowerCase())?.length === 1,
  );
  const texts = curated.get(wnid) ?? own.map((one) => `"${one}"`);
  const commons = [...depicts, ...[...new Set(texts)].map((text) => ({ text }))];
  const others = sharers.filter((one) => one.wnid !== wnid).map((one) => one.name);
  const note = depicts.length > 0 ? {} : { note: `No depicts: Wikidata has one item for it and ${others.join(', ')}.` };
  await writeOut(`${JSON.stringify({ wnid, name, commons, ...note })}\n`);
}

function linesOf<Line>(name: string, schema: z.ZodType<Line>): Line[] {
  const text = readFileSync(path.join(packageRoot, 'config', 'classes', name), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => schema.parse(JSON.parse(line)));
}
