import * as z from 'zod';
import { GiveUpOnItem, unreadable } from '../../kernel/errors.ts';
import { jsonExcess, jsonOf } from '../../kernel/json.ts';
import { listOf } from '../bounded.ts';
import type { ExportContent } from './content.process.ts';
import { CROISSANT } from '../layout.ts';
import { JSON_LIMITS, MAX_JSON_BYTES } from './protocol-checks.ts';
import { checking, type Problems } from './findings.ts';

const CONFORMS_TO = 'http://mlcommons.org/croissant/1.1';

/** winnow names a few files and record sets, and a record for each class. */
const [MOST_FILES, MOST_RECORDS] = [1_000, 100_000];

const record = z.record(z.string(), z.unknown());
const distribution = z.looseObject({
  '@type': z.string(),
  contentUrl: z.string().optional(),
  contentSize: z.string().optional(),
  sha256: z.string().optional(),
});
const croissantSchema = z.looseObject({
  conformsTo: z.union([z.string(), listOf(z.string(), MOST_FILES)]),
  distribution: listOf(distribution, MOST_FILES),
  recordSet: listOf(z.looseObject({ '@id': z.string(), data: listOf(record, MOST_RECORDS).optional() }), MOST_FILES),
});
type Croissant = z.output<typeof croissantSchema>;

export async function checkCroissant(content: ExportContent): Promise<void> {
  await checking(content, { check: 'croissant', file: CROISSANT }, async (report) => {
    const text = await content.folder.readText(CROISSANT, MAX_JSON_BYTES);
    const excess = jsonExcess(text, JSON_LIMITS);
    if (excess !== null) throw unreadable(excess);
    const result = croissantSchema.safeParse(jsonOf(text));
    if (!result.success)
      throw unreadable(`Expected a Croissant document but '${result.error.issues[0]?.path.join('.')}' is wrong`);
    const croissant = result.data;
    const conformsTo = [croissant.conformsTo].flat();
    report([
      !conformsTo.includes(CONFORMS_TO) &&
        `Expected ${CONFORMS_TO} in conformsTo but received ${conformsTo.join(', ')}`,
    ]);
    for (const file of croissant.distribution)
      if (file['@type'] === 'cr:FileObject') report(await fileProblems(content, file));
    report(classProblems(content, croissant));
  });
}

async function fileProblems(
  { folder, checksums }: ExportContent,
  file: Croissant['distribution'][number],
): Promise<Problems> {
  const { contentUrl = '', contentSize, sha256 } = file;
  const bytes = await folder
    .sizeOf(contentUrl)
    .catch((error: unknown) => (error instanceof GiveUpOnItem ? null : Promise.reject(error)));
  if (bytes === null) return [`Expected files of the export but '${contentUrl}' is not there`];
  const expected = checksums.get(contentUrl);
  return [
    sha256 !== expected && `Expected the SHA-256 ${expected} of ${contentUrl} but received ${sha256}`,
    contentSize !== `${bytes} B` && `Expected the size '${bytes} B' of ${contentUrl} but received '${contentSize}'`,
  ];
}

function classProblems({ protocol }: ExportContent, { recordSet }: Croissant): string[] {
  const listed = recordSet.find((each) => each['@id'] === 'classes')?.data ?? [];
  const expected = protocol.classes.map(({ label, wnid, name }) => JSON.stringify([label, wnid, name]));
  const actual = listed.map((each) =>
    JSON.stringify([each['classes/label'], each['classes/wnid'], each['classes/name']]),
  );
  const at = expected.findIndex((each, i) => each !== actual[i]);
  if (at === -1 && actual.length === expected.length) return [];
  return [
    `Expected the ${expected.length} classes of protocol.json in the record set 'classes' but received ${actual.length}${at === -1 ? '' : `, and ${actual[at] ?? 'nothing'} for ${expected[at]}`}`,
  ];
}
