import { createReadStream } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { isZeroByRule } from '../../../core/collection/modes.ts';
import { quote } from '../../../core/tools/quote.ts';
import { readTextFile } from '../../../core/config/read-text.ts';
import { METADATA, unsafePath } from '../../../core/export/layout.ts';
import { linesOf } from '../../../core/kernel/lines.ts';
import { protocolOf } from '../../../core/export/verify/protocol-checks.ts';
import { messageOf, throwIfInterrupted, UsageError } from '../../../core/kernel/errors.ts';
import { isSha256, toSha256, type Wnid } from '../../../core/kernel/ids.ts';
import { jsonOf } from '../../../core/kernel/json.ts';
import { sortedAsPython, type PhotoSet, type SetPhoto } from './photo-set.ts';

const sha256Schema = z.string().refine(isSha256).transform(toSha256);

const rowSchema = z.object({
  file_name: z.string().refine((name) => unsafePath(name) === null),
  wnid: z.string().min(1),
  sha256: sha256Schema,
  original_sha256: sha256Schema.nullable().default(null),
  also_wnids: z.array(z.string()).nullable().default(null),
});

/** Reads the photos and classes that an export lists. Opens no photos. @throws UsageError `damaged-export` */
export async function readExportSet(dir: string, protocolFile: string, signal: AbortSignal): Promise<PhotoSet> {
  const { text } = await readTextFile(protocolFile, 'the protocol of an export');
  const protocol = protocolOf(text);
  if (typeof protocol === 'string') throw damaged(protocolFile, protocol);
  const { rows, isSorted } = await readRows(path.join(dir, METADATA), signal);
  if (rows.length !== protocol.photos)
    throw damaged(dir, `protocol.json counts ${protocol.photos} photos but ${METADATA} lists ${rows.length}`);
  const hasPictures = protocol.options.pixels;
  const { rule, models } = protocol;
  return {
    dir,
    root: path.join(dir, path.dirname(METADATA)),
    // A PNG that the export's own script makes has the same pixels, but may have other bytes.
    photos: hasPictures ? rows : rows.map((row) => ({ ...row, sha256: null })),
    exported: {
      collection: protocol.collection.name,
      mode: rule.mode,
      among: protocol.among,
      searched: protocol.searched,
      membersAtZero: rule.mode === 'A' && isZeroByRule(rule) ? models.map(({ name }) => name) : [],
      nameByWnid: new Map<Wnid, string>(protocol.classes.map(({ wnid, name }) => [wnid, name])),
      hasPictures,
    },
    remarks: isSorted ? [] : [`photos are in the order of their file names, which is not that of ${METADATA}`],
  };
}

async function readRows(
  file: string,
  signal: AbortSignal,
): Promise<{ readonly rows: SetPhoto[]; readonly isSorted: boolean }> {
  const rows: SetPhoto[] = [];
  const seen = new Set<string>();
  try {
    for await (const { number, text } of linesOf(createReadStream(file))) {
      throwIfInterrupted(signal);
      const row = rowSchema.safeParse(jsonOf(text));
      if (!row.success) throw damaged(file, `line ${number} is no row of a photo`);
      const { file_name, wnid, sha256, original_sha256: originalSha256, also_wnids: alsoWnids } = row.data;
      if (seen.has(file_name)) throw damaged(file, `line ${number} repeats the photo ${quote(file_name)}`);
      seen.add(file_name);
      rows.push({ file: file_name, wnid, alsoWnids, sha256, originalSha256 });
    }
  } catch (error) {
    throw signal.aborted || error instanceof UsageError ? error : damaged(file, messageOf(error), error);
  }
  // Folders come first: the end of a folder's name sorts before any other character.
  const sorted = sortedAsPython(rows, (row) => row.file.replaceAll('/', '\0'));
  return { rows: sorted, isSorted: sorted.every((row, i) => row === rows[i]) };
}

function damaged(file: string, why: string, cause?: unknown): UsageError {
  return new UsageError(
    `Cannot read the export at ${quote(file)}: ${why}. \`winnow verify\` lists all that is wrong with it`,
    { code: 'damaged-export', cause },
  );
}
