import * as z from 'zod';
import { groupBy } from '../../kernel/group-by.ts';
import { jsonExcess, jsonOf } from '../../kernel/json.ts';
import { listOf } from '../bounded.ts';
import type { PhotoRow } from '../select/photo-row.ts';
import type { ExportContent } from './content.process.ts';
import { COCO } from '../layout.ts';
import { unreadable } from '../../kernel/errors.ts';
import { checking } from './findings.ts';

/** The file is parsed as a whole. About 600,000 photos fit. */
const MAX_BYTES = 400 * 1024 * 1024;

const MOST = 10_000_000;
/** Values of a photo: its image with further classes, and its annotation with a box. A class and a licence have fewer. */
const VALUES_PER_ROW = 48;
const OTHER_VALUES = 1_000;

const id = z.int().positive();
const image = z.looseObject({
  id,
  file_name: z.string(),
  width: z.number(),
  height: z.number(),
  license: z.int(),
  also_wnids: z.unknown().optional(),
});
const annotation = z.looseObject({ id, image_id: z.int(), category_id: z.int(), bbox: listOf(z.number(), 4) });
const category = z.looseObject({ id, name: z.string(), wnid: z.string() });
const licence = z.looseObject({ id, name: z.string(), url: z.string() });
const cocoSchema = z.looseObject({
  images: listOf(image, MOST),
  annotations: listOf(annotation, MOST),
  categories: listOf(category, MOST),
  licenses: listOf(licence, MOST),
});
type Coco = z.output<typeof cocoSchema>;

export async function checkCoco(content: ExportContent): Promise<void> {
  const { folder, findings, rows } = content;
  if (folder.files.has(COCO) && (await folder.sizeOf(COCO)) > MAX_BYTES) {
    findings.skip('coco', `${COCO} is larger than ${MAX_BYTES} bytes, which is too large to parse`);
    return;
  }
  await checking(content, { check: 'coco', file: COCO }, async (report) => {
    const text = await folder.readText(COCO, MAX_BYTES);
    const most = OTHER_VALUES + VALUES_PER_ROW * (rows.count + content.protocol.classes.length);
    const excess = jsonExcess(text, { depth: 20, items: most });
    if (excess !== null) throw unreadable(excess);
    const coco = cocoOf(text);
    for (const table of ['images', 'annotations', 'categories', 'licenses'] as const)
      report(repeated(table, coco[table]));
    const seen = new Set<number>();
    const problemsOf = comparer(coco);
    for (const each of coco.images) {
      const position = rows.positionOfFile(each.file_name);
      if (position === undefined) report([`Expected photos of test/metadata.jsonl but received '${each.file_name}'`]);
      else if (seen.has(position)) report([`Expected each photo once but '${each.file_name}' comes again`]);
      else report(problemsOf(each, (await rows.at(position)).row));
      if (position !== undefined) seen.add(position);
    }
    for (const name of rows.without(seen)) report([`Expected each photo but '${name}' is missing`]);
  });
}

function cocoOf(text: string): Coco {
  const result = cocoSchema.safeParse(jsonOf(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw unreadable(`Expected COCO annotations but '${issue?.path.join('.')}' is wrong: ${issue?.message}`);
}

/** pycocotools keeps the last of two items with one id and says nothing. */
function* repeated(table: string, items: readonly { readonly id: number }[]): Generator<string> {
  const ids = new Set<number>();
  for (const item of items) {
    if (ids.has(item.id)) yield `Expected each id once in '${table}' but ${item.id} comes again`;
    ids.add(item.id);
  }
}

function comparer(coco: Coco): (image: Coco['images'][number], row: PhotoRow) => (string | false)[] {
  const categories = new Map(coco.categories.map((each) => [each.id, each]));
  const licences = new Map(coco.licenses.map((each) => [each.id, each]));
  const annotations = groupBy(coco.annotations, ({ image_id }) => image_id);
  return (one, row) => {
    const { file_name, width, height, license, license_url } = row;
    const own = annotations.get(one.id) ?? [];
    const rights = licences.get(one.license);
    return [
      (one.width !== width || one.height !== height) &&
        `Expected ${width} x ${height} pixels of ${file_name} but received ${one.width} x ${one.height}`,
      furtherProblem(one, row),
      own.length !== 1 && `Expected one annotation of ${file_name} but there are ${own.length}`,
      (rights?.name !== license || rights.url !== license_url) &&
        `Expected the licence ${license} of ${file_name} but received ${rights?.name ?? one.license}`,
      ...own.slice(0, 1).flatMap((each) => annotationProblems(each, categories.get(each.category_id), row)),
    ];
  };
}

/** COCO files of an older winnow have no further classes. */
function furtherProblem({ also_wnids: found }: Coco['images'][number], row: PhotoRow): string | false {
  const [received, expected] = [JSON.stringify(found), JSON.stringify(row.also_wnids)];
  return (
    found !== undefined &&
    received !== expected &&
    `Expected the also_wnids ${expected} of ${row.file_name} but received ${received}`
  );
}

function annotationProblems(
  { bbox, category_id }: Coco['annotations'][number],
  own: Coco['categories'][number] | undefined,
  { file_name, width, height, wnid, class_name, label }: PhotoRow,
): (string | false)[] {
  return [
    bbox.join(' ') !== `0 0 ${width} ${height}` &&
      `Expected the whole image as the box of ${file_name} but received ${bbox.join(', ')}`,
    (own?.wnid !== wnid || own.name !== class_name) &&
      `Expected the category ${wnid} of ${file_name} but received ${own?.wnid ?? category_id}`,
    category_id !== label + 1 &&
      `Expected the category id ${label + 1} of ${file_name}, its label and one, but received ${category_id}`,
  ];
}
