import { cp, mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packTar, unpackTar } from 'modern-tar';
import sharp from 'sharp';
import { attributionText } from '../../../../src/core/export/card/attribution.ts';
import { OutputFolder } from '../../../../src/core/export/output-folder.process.ts';
import { ParquetSink } from '../../../../src/core/export/forms/parquet.process.ts';
import { rowText, type PhotoRow } from '../../../../src/core/export/select/photo-row.ts';
import type { Split } from '../../../../src/core/export/select/select.ts';
import type { Protocol } from '../../../../src/core/export/protocol.ts';
import { idOf, photoId } from '../../../../src/core/export/revisions/revision-id.ts';
import type { Check } from '../../../../src/core/export/verify/findings.ts';
import type { Sha256 } from '../../../../src/core/kernel/ids.ts';
import { insertSegment } from '../../../support/photo-metadata.ts';
import { sha256Of } from '../../../support/sha256.ts';

/** A damage to a copy of an export, and how verify must report it. */
export interface Damage {
  readonly title: string;
  readonly check: Check;
  readonly file: RegExp;
  readonly detail: RegExp;
  readonly mode?: 'O';
  /** True if only the models can find it. Otherwise they do not run. */
  readonly needsModels?: true;
  readonly change: (copy: Copy) => Promise<void>;
}

/** A copy of an export that may be changed. */
export class Copy {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  of(file: string): string {
    return path.join(this.root, file);
  }

  async text(file: string): Promise<string> {
    return readFile(this.of(file), 'utf8');
  }

  async edit(file: string, change: (text: string) => string): Promise<void> {
    const before = await this.text(file);
    const after = change(before);
    if (after === before) throw new Error(`Expected to change ${file}`);
    await writeFile(this.of(file), after);
  }

  async rows(split: Split = 'test'): Promise<PhotoRow[]> {
    return (await this.text(`${split}/metadata.jsonl`))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as PhotoRow);
  }

  async protocol(): Promise<Protocol> {
    return JSON.parse(await this.text('protocol.json')) as Protocol;
  }

  /** Changes the rows and makes all hashes right. */
  async editRows(change: (rows: PhotoRow[]) => PhotoRow[], split: Split = 'test'): Promise<void> {
    const rows = change(await this.rows(split));
    await writeFile(this.of(`${split}/metadata.jsonl`), rows.map((row) => `${rowText(row)}\n`).join(''));
    await this.seal();
  }

  async editRow(at: number, change: (row: PhotoRow) => Partial<PhotoRow>): Promise<void> {
    await this.editRows((rows) => rows.map((row, i) => (i === at ? { ...row, ...change(row) } : row)));
  }

  async editRowOf(id: string, change: (row: PhotoRow) => Partial<PhotoRow>): Promise<void> {
    await this.editRow(
      (await this.rows()).findIndex((row) => row.id === id),
      change,
    );
  }

  /** Changes the protocol and makes its id and all hashes right. */
  async editProtocol(change: (protocol: Protocol) => Partial<Protocol>): Promise<void> {
    const protocol = await this.protocol();
    await writeFile(this.of('protocol.json'), JSON.stringify({ ...protocol, ...change(protocol) }));
    await this.seal();
  }

  /** Gives a picture other bytes, and its row, its name and all hashes what follows from them. */
  async replacePicture(
    isWanted: (row: PhotoRow) => boolean,
    change: (bytes: Buffer) => Promise<Buffer>,
  ): Promise<void> {
    const row = (await this.rows()).find(isWanted);
    if (row === undefined) throw new Error('Expected such a row');
    const bytes = await change(await readFile(this.of(`test/${row.file_name}`)));
    const sha256 = sha256Of(bytes);
    const { width, height } = await sharp(bytes).metadata();
    const id = photoId(sha256);
    const file_name = `${row.wnid}/${id}${path.extname(row.file_name)}`;
    await rm(this.of(`test/${row.file_name}`));
    await writeFile(this.of(`test/${file_name}`), bytes);
    const changed = { ...row, id, file_name, sha256, original_sha256: sha256, width, height };
    await this.editRows((rows) =>
      sorted(
        rows.map((each) =>
          each.id === row.id ? { ...changed, attribution: attributionText({ ...changed, change: 'unchanged' }) } : each,
        ),
      ),
    );
  }

  /** Makes the hashes in protocol.json, its id and SHA256SUMS right. Files that are new are listed last. */
  async seal(): Promise<void> {
    const protocol = await this.protocol();
    const files = await Promise.all(
      Object.keys(protocol.files).map(async (file) => [file, await this.hash(file)] as const),
    );
    const { id: _, ...rest } = { ...protocol, files: Object.fromEntries(files) };
    await writeFile(this.of('protocol.json'), `${JSON.stringify({ ...rest, id: idOf(rest) }, null, 2)}\n`);
    await this.sealSums();
  }

  async sealSums(): Promise<void> {
    const there = new Set(await this.files());
    const listed = (await this.text('SHA256SUMS'))
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(66));
    const order = [...new Set([...listed.filter((file) => there.has(file)), ...there])];
    const lines = await Promise.all(order.map(async (file) => `${await this.hash(file)}  ${file}\n`));
    await writeFile(this.of('SHA256SUMS'), lines.join(''));
  }

  async files(): Promise<string[]> {
    const entries = await readdir(this.root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && entry.name !== 'SHA256SUMS')
      .map((entry) => path.relative(this.root, path.join(entry.parentPath, entry.name)))
      .toSorted();
  }

  async hash(file: string): Promise<Sha256> {
    return sha256Of(await readFile(this.of(file)));
  }
}

export function sorted(rows: readonly PhotoRow[]): PhotoRow[] {
  return rows.toSorted((a, b) => (`${a.wnid}/${a.id}` < `${b.wnid}/${b.id}` ? -1 : 1));
}

const isPng = ({ file_name }: PhotoRow): boolean => file_name.endsWith('.png');
const isJpeg = (row: PhotoRow): boolean => !isPng(row);

const SHARD = 'shards/test-000000.tar';
/** It has several photos. */
const SECOND_SHARD = 'shards/test-000001.tar';
const PARQUET = 'data/test-00000-of-00001.parquet';

/**
 * Damages that only the models can find. Each concerns another photo, so verify finds all of them in one copy. Only the photo
 * pd507bfa7c042e76a stays as it is.
 */
export const RULE_DAMAGES: readonly Damage[] = [
  {
    title: 'changed pixels with every hash and name corrected',
    check: 'rule',
    file: /^test\/n02980441\/p[0-9a-f]+\.png$/,
    detail: /as recomputed|the rule keeps/,
    change: async (copy) => copy.replacePicture(isPng, (bytes) => painted(bytes, 40)),
  },
  {
    title: 'a photo moved into the folder of another class',
    check: 'rule',
    file: /^test\/n02980441\/p0e340b7a9471ca9e\.jpg$/,
    detail: /Expected the max_true_prob .* as recomputed/,
    change: async (copy) => {
      const rows = await copy.rows();
      const moved = rows.find(({ wnid }) => wnid === 'n03028079');
      const host = rows.find(({ wnid }) => wnid === 'n02980441');
      if (moved === undefined || host === undefined) throw new Error('Expected both classes');
      const { wnid, label, class_name } = host;
      const file_name = `${wnid}/${path.basename(moved.file_name)}`;
      await rename(copy.of(`test/${moved.file_name}`), copy.of(`test/${file_name}`));
      await rm(copy.of('test/n03028079'), { recursive: true });
      await copy.editRows((all) =>
        sorted(all.map((row) => (row.id === moved.id ? { ...row, wnid, label, class_name, file_name } : row))),
      );
    },
  },
  {
    title: 'a probability that the models do not give',
    check: 'rule',
    file: /^test\/n11939491\/p345cdacf9c18095c\.jpg$/,
    detail: /Expected the max_true_prob .* as recomputed, but its row has 0\.01234/,
    change: async (copy) => copy.editRowOf('p345cdacf9c18095c', () => ({ max_true_prob: 0.01234 })),
  },
  {
    title: 'another predicted class',
    check: 'rule',
    file: /^test\/n11939491\/pddafb651df3ae112\.jpg$/,
    detail: /Expected the predicted class n\d+ .* as recomputed, but its row has 'n01440764'/,
    change: async (copy) => copy.editRowOf('pddafb651df3ae112', () => ({ predicted_wnid: 'n01440764' })),
  },
];

export const DAMAGES: readonly Damage[] = [
  {
    title: 'a flipped bit of a photo',
    check: 'checksum',
    file: /^test\/n\d+\/p[0-9a-f]+\.\w+$/,
    detail: /Expected the SHA-256 .* of SHA256SUMS/,
    change: async (copy) => {
      const file = copy.of(`test/${(await copy.rows())[0]?.file_name}`);
      const bytes = await readFile(file);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      await writeFile(file, bytes);
    },
  },
  {
    title: 'a flipped pixel with a corrected checksum',
    check: 'metadata',
    file: /\.png$/,
    detail: /Expected the SHA-256 [0-9a-f]{64} of its row/,
    change: async (copy) => {
      const file = copy.of(`test/${(await copy.rows()).find(isPng)?.file_name}`);
      await writeFile(file, await painted(await readFile(file), 1));
      await copy.sealSums();
    },
  },
  {
    title: 'an id that comes twice',
    check: 'duplicate',
    file: /^test\/metadata\.jsonl:2$/,
    detail: /Expected each photo once but .* of line 1/,
    change: async (copy) =>
      copy.editRows(
        ([first, second, ...rest]) =>
          [first, { ...second, id: first?.id, file_name: first?.file_name }, ...rest] as PhotoRow[],
      ),
  },
  {
    title: 'the bytes of a photo in a second class',
    check: 'duplicate',
    file: /^test\/metadata\.jsonl:\d$/,
    detail: /has the bytes of line/,
    change: async (copy) =>
      copy.editRows(
        (rows) =>
          rows.map((row, i) =>
            i === rows.length - 1 ? { ...row, original_sha256: rows[0]?.original_sha256 } : row,
          ) as PhotoRow[],
      ),
  },
  {
    title: 'one picture in two files',
    check: 'duplicate',
    file: /\.png$/,
    detail: /has the pixels of test\//,
    change: async (copy) => {
      const row = (await copy.rows()).find(isPng);
      if (row === undefined) throw new Error('Expected a PNG');
      const bytes = await sharp(await readFile(copy.of(`test/${row.file_name}`)))
        .png({ compressionLevel: 1 })
        .toBuffer();
      const sha256 = sha256Of(bytes);
      const twin = {
        ...row,
        sha256,
        original_sha256: sha256,
        id: photoId(sha256),
        file_name: `${row.wnid}/${photoId(sha256)}.png`,
      };
      await writeFile(copy.of(`test/${twin.file_name}`), bytes);
      await copy.editRows((rows) => sorted([...rows, twin]));
    },
  },
  {
    title: 'a changed threshold with corrected checksums',
    check: 'checksum',
    file: /^protocol\.json$/,
    detail: /Expected the id [0-9a-f]{64}.*the file was changed/,
    change: async (copy) => {
      await copy.edit('protocol.json', (text) => text.replace('"threshold": 0.15', '"threshold": 0.5'));
      await copy.sealSums();
    },
  },
  {
    title: 'a changed threshold with a corrected id',
    check: 'rule',
    file: /^test\/metadata\.jsonl:1$/,
    detail: /Expected a max_true_prob of at most the threshold 0\.0001/,
    change: async (copy) =>
      copy.editProtocol(({ rule }) => ({ rule: { ...rule, threshold: 0.0001 } as Protocol['rule'] })),
  },
  {
    title: 'a photo below the confidence of mode O',
    check: 'rule',
    file: /^test\/metadata\.jsonl:\d$/,
    detail: /Expected a predicted_prob of at least 0\.98/,
    mode: 'O',
    change: async (copy) =>
      copy.editProtocol(({ rule }) => ({ rule: { ...rule, minConfidence: 0.98 } as Protocol['rule'] })),
  },
  {
    title: 'a confidence in mode O that the model does not give',
    check: 'rule',
    file: /^test\/n/,
    detail: /Expected the predicted_prob .* as recomputed, but its row has 0\.95/,
    mode: 'O',
    needsModels: true,
    change: async (copy) => copy.editRow(0, () => ({ predicted_prob: 0.95 })),
  },
  {
    title: 'more photos of a confusion than the cap',
    check: 'cap',
    file: /^test\/metadata\.jsonl$/,
    detail: /Expected at most 1 photos of n11939491 that are taken for n03476684 but there are 2/,
    change: async (copy) => copy.editProtocol(({ rule }) => ({ rule: { ...rule, cap: 1 } })),
  },
  {
    title: 'a row without a licence',
    check: 'licence',
    file: /^test\/metadata\.jsonl:1$/,
    detail: /Expected a licence, or 'unknown'/,
    change: async (copy) => copy.editRow(0, () => ({ license: '' })),
  },
  {
    title: 'a licence that forbids redistribution',
    check: 'licence',
    file: /^test\/metadata\.jsonl:1$/,
    detail: /Expected a licence that allows redistribution but received 'all-rights-reserved'/,
    change: async (copy) => copy.editRow(0, () => ({ license: 'all-rights-reserved' })),
  },
  {
    title: 'a row without a creator',
    check: 'licence',
    file: /^test\/metadata\.jsonl:1$/,
    detail: /Expected a creator, or 'unknown'/,
    change: async (copy) => copy.editRow(0, () => ({ creator: ' ' })),
  },
  {
    title: 'a stray file',
    check: 'stray-file',
    file: /^test\/n02980441\/\.DS_Store$/,
    detail: /Expected only files of SHA256SUMS/,
    change: async (copy) => writeFile(copy.of('test/n02980441/.DS_Store'), 'x'),
  },
  {
    title: 'a stray file with a checksum',
    check: 'stray-file',
    file: /^notes\.txt$/,
    detail: /protocol\.json knows of none such/,
    change: async (copy) => {
      await writeFile(copy.of('notes.txt'), 'x');
      await copy.sealSums();
    },
  },
  {
    title: 'a symbolic link',
    check: 'stray-file',
    file: /^link\.txt$/,
    detail: /this is a symbolic link/,
    change: async (copy) => symlink('/etc/hostname', copy.of('link.txt')),
  },
  {
    title: 'a photo that is a link to itself elsewhere',
    check: 'missing-file',
    file: /^test\/n.*\.(?:jpg|png)$/,
    detail: /Expected the photo of a row/,
    change: async (copy) => {
      const file = copy.of(`test/${(await copy.rows())[0]?.file_name}`);
      await rename(file, `${copy.root}-outside`);
      await symlink(`${copy.root}-outside`, file);
    },
  },
  {
    title: 'an empty folder',
    check: 'stray-file',
    file: /^empty$/,
    detail: /Expected no empty folder/,
    change: async (copy) => mkdir(copy.of('empty')),
  },
  {
    title: 'a missing photo',
    check: 'missing-file',
    file: /^test\/n/,
    detail: /Expected this file, which SHA256SUMS lists/,
    change: async (copy) => rm(copy.of(`test/${(await copy.rows())[0]?.file_name}`)),
  },
  {
    title: 'a missing page of licences',
    check: 'missing-file',
    file: /^LICENSES\.md$/,
    detail: /Expected this file in every export/,
    change: async (copy) => {
      await rm(copy.of('LICENSES.md'));
      await copy.sealSums();
    },
  },
  {
    title: 'a path outside the export in SHA256SUMS',
    check: 'checksum',
    file: /^SHA256SUMS:1$/,
    detail: /Expected a path within the export but '\.\.\/secret' has .*'\.\.'/,
    change: async (copy) => copy.edit('SHA256SUMS', (text) => `${'0'.repeat(64)}  ../secret\n${text}`),
  },
  {
    title: 'a file that SHA256SUMS lists twice',
    check: 'checksum',
    file: /^SHA256SUMS:\d+$/,
    detail: /is listed again/,
    change: async (copy) => copy.edit('SHA256SUMS', (text) => `${text}${text.slice(0, text.indexOf('\n') + 1)}`),
  },
  {
    title: 'a cut last line of SHA256SUMS',
    check: 'checksum',
    file: /^SHA256SUMS$/,
    detail: /Expected a line feed at the end of line \d+/,
    change: async (copy) => copy.edit('SHA256SUMS', (text) => text.slice(0, -1)),
  },
  {
    title: 'days of other photos',
    check: 'count',
    file: /^protocol\.json/,
    detail: /days of the photos/,
    change: async (copy) =>
      copy.editProtocol(() => ({
        dates: { taken: { first: '2019-05-01', last: '2019-05-01', photos: 1 }, uploaded: null },
      })),
  },
  {
    title: 'a reordered list of classes',
    check: 'class-order',
    file: /^protocol\.json$/,
    detail: /Expected classes in the order of their wnids/,
    change: async (copy) =>
      copy.editProtocol(({ classes }) => ({
        classes: classes.toReversed().map((each, label) => ({ ...each, label })),
      })),
  },
  {
    title: 'a wrong label',
    check: 'class-order',
    file: /^test\/metadata\.jsonl:1$/,
    detail: /Expected the label 0 of n02980441 but received 2/,
    change: async (copy) => copy.editRow(0, () => ({ label: 2 })),
  },
  ...(['pages', 'addresses'] as const).map((what): Damage => ({
    title: `a wrong number of ${what} of a source`,
    check: 'count',
    file: /^protocol\.json$/,
    detail: new RegExp(`Expected 3 for the ${what} of source 'folder' but there are 0`),
    change: async (copy) =>
      copy.editProtocol(({ sources }) => ({ sources: sources.map((each) => ({ ...each, [what]: 3 })) })),
  })),
  {
    title: 'a lost row',
    check: 'count',
    file: /^protocol\.json$/,
    detail: /Expected 5 for the photos but there are 4/,
    change: async (copy) => copy.editRows((rows) => rows.slice(1)),
  },
  {
    title: 'a row without a photo',
    check: 'missing-file',
    file: /^test\/n11939491\/pffffffffffffffff\.jpg$/,
    detail: /Expected the photo of a row/,
    change: async (copy) =>
      copy.editRows((rows) => [
        ...rows,
        {
          ...rows.at(-1),
          id: 'pffffffffffffffff',
          file_name: 'n11939491/pffffffffffffffff.jpg',
          sha256: 'f'.repeat(64),
          original_sha256: 'f'.repeat(64),
        } as PhotoRow,
      ]),
  },
  {
    title: 'a line that is no JSON',
    check: 'metadata',
    file: /^test\/metadata\.jsonl:1$/,
    detail: /Expected a JSON object/,
    change: async (copy) => {
      await copy.edit('test/metadata.jsonl', (text) => text.slice(1));
      await copy.seal();
    },
  },
  {
    title: 'keys of a row in another order',
    check: 'metadata',
    file: /^test\/metadata\.jsonl:1$/,
    detail: /in this order but received id, file_name/,
    change: async (copy) =>
      copy.editRows((rows) => rows.map(({ file_name, id, ...rest }) => ({ id, file_name, ...rest }))),
  },
  {
    title: 'an id that does not follow from the original',
    check: 'metadata',
    file: /^test\/metadata\.jsonl:1$/,
    detail: /Expected the id p[0-9a-f]{16}, from original_sha256/,
    change: async (copy) => copy.editRow(0, () => ({ id: 'p0000000000000000' })),
  },
  {
    title: 'a file name that leaves the folder',
    check: 'metadata',
    file: /^test\/metadata\.jsonl:1$/,
    detail: /Expected the file name .* but received '\.\.\/README\.md'/,
    change: async (copy) => copy.editRow(0, () => ({ file_name: '../README.md' })),
  },
  {
    title: 'a wrong width',
    check: 'metadata',
    file: /^test\/n/,
    detail: /Expected 9999 x \d+ pixels/,
    change: async (copy) => copy.editRow(0, () => ({ width: 9999 })),
  },
  {
    title: 'an EXIF orientation',
    check: 'metadata',
    file: /\.jpg$/,
    detail: /Expected an upright picture but its EXIF orientation is 6/,
    change: async (copy) =>
      copy.replacePicture(isJpeg, (bytes) => sharp(bytes).withMetadata({ orientation: 6 }).jpeg().toBuffer()),
  },
  {
    title: 'an alpha channel',
    check: 'metadata',
    file: /\.png$/,
    detail: /Expected 8 bits a channel, no transparency/,
    change: async (copy) => copy.replacePicture(isPng, (bytes) => sharp(bytes).ensureAlpha(0.5).png().toBuffer()),
  },
  {
    title: 'a picture with metadata',
    check: 'metadata',
    file: /^test\/.*\.jpg$/,
    detail: /Expected a picture without metadata/,
    change: async (copy) =>
      copy.replacePicture(isJpeg, async (bytes) => insertSegment(bytes, 0xe1, Buffer.from('Exif of a camera'))),
  },
  {
    title: 'a JPEG that was encoded again',
    check: 'count',
    file: /^protocol\.json$/,
    detail: /Expected 1 for the stripped but there are 2/,
    change: async (copy) => {
      const rows = await copy.rows();
      const at = rows.findIndex(isJpeg);
      const file = copy.of(`test/${rows[at]?.file_name}`);
      const bytes = await sharp(await readFile(file))
        .jpeg({ quality: 60 })
        .toBuffer();
      await writeFile(file, bytes);
      await copy.editRow(at, () => ({ sha256: sha256Of(bytes) }));
    },
  },
  {
    title: 'a wrong count in the card',
    check: 'card',
    file: /^README\.md$/,
    detail: /Expected 5 for num_examples but received 6/,
    change: async (copy) => {
      await copy.edit('README.md', (text) => text.replace('num_examples: 5', 'num_examples: 6'));
      await copy.sealSums();
    },
  },
  {
    title: 'a changed sentence of the card',
    check: 'card',
    file: /^README\.md:\d+$/,
    detail: /Expected what winnow .* writes, '.*', but received '.*FLAWLESS/,
    change: async (copy) => {
      await copy.edit('README.md', (text) => text.replace('\n# ', '\n# FLAWLESS '));
      await copy.sealSums();
    },
  },
  {
    title: 'a wrong hash in croissant.json',
    check: 'croissant',
    file: /^croissant\.json$/,
    detail: /Expected the SHA-256 [0-9a-f]{64} of test\/metadata\.jsonl but received 0000/,
    change: async (copy) => {
      await copy.edit('croissant.json', (text) =>
        text.replace(/"sha256": "[0-9a-f]{64}"/, `"sha256": "${'0'.repeat(64)}"`),
      );
      await copy.sealSums();
    },
  },
  {
    title: 'a line of attribution.csv without its creator',
    check: 'attribution',
    file: /^attribution\.csv:2$/,
    detail: /Expected the creator '.+' of n\d+\/.* but received ''/,
    change: async (copy) => {
      const [row] = await copy.rows();
      await copy.edit('attribution.csv', (text) => text.replace(`,${quoted(row?.creator)},`, ',,'));
      await copy.seal();
    },
  },
  {
    title: 'a creator who is missing in ATTRIBUTION.md',
    check: 'attribution',
    file: /^ATTRIBUTION\.md$/,
    detail: /Expected the lines that follow from test\/metadata\.jsonl/,
    change: async (copy) => {
      await copy.edit('ATTRIBUTION.md', (text) => text.replace(/\n- .*\n/, '\n'));
      await copy.sealSums();
    },
  },
  {
    title: 'an exported photo that decisions.csv calls rejected',
    check: 'metadata',
    file: /^decisions\.csv:2$/,
    detail: /Expected 'yes' for exported, because .* is there, but received 'no' \(rejected\)/,
    change: async (copy) => {
      await copy.edit('decisions.csv', (text) =>
        text
          .split('\n')
          .map((line, i) => (i === 1 || i === 2 ? line.replace('accepted,yes,', 'rejected,no,rejected') : line))
          .join('\n'),
      );
      await copy.seal();
    },
  },
  {
    title: 'a lost line of decisions.csv',
    check: 'count',
    file: /^protocol\.json$/,
    detail: /Expected 1 for the photos left out as 'rejected' but there are 0/,
    change: async (copy) => {
      await copy.edit('decisions.csv', (text) =>
        text
          .split('\n')
          .filter((line) => !line.includes(',no,'))
          .join('\n'),
      );
      await copy.seal();
    },
  },
  {
    title: 'an inspection that decisions.csv does not give',
    check: 'count',
    file: /^protocol\.json$/,
    detail: /Expected review\.acceptance\.wrong 0, as decisions\.csv gives it, but received 1/,
    change: (copy) =>
      copy.editProtocol(({ review }) => ({
        review: { ...review, acceptance: review.acceptance && { ...review.acceptance, wrong: 1 } },
      })),
  },
  {
    title: 'a blind verdict that is no longer there',
    check: 'count',
    file: /^protocol\.json$/,
    detail: /Expected review\.acceptance\.sampled \d+, as decisions\.csv gives it, but received \d+/,
    change: async (copy) => {
      await copy.edit('decisions.csv', (text) => text.replace(/(,B,2,accept,.*),accept,1,/, '$1,,1,'));
      await copy.seal();
    },
  },
  {
    title: 'further classes that the reviews do not give',
    check: 'metadata',
    file: /^decisions\.csv$/,
    detail: /Expected the also_wnids 'n\d+' of .*, as its reviews give them, but received 'n\d+'/,
    change: async (copy) => {
      await copy.edit('decisions.csv', (text) => text.replaceAll(/,(n\d+)$/gm, ',n00000001'));
      await copy.seal();
    },
  },
  {
    title: 'a further class that metadata.jsonl lacks',
    check: 'metadata',
    file: /^decisions\.csv:\d+$/,
    detail: /Expected the also_wnids '', as in test\/metadata\.jsonl, but received 'n\d+'/,
    change: async (copy) => {
      await copy.edit('test/metadata.jsonl', (text) => text.replace(/"also_wnids":\["n\d+"\]/, '"also_wnids":[]'));
      await copy.seal();
    },
  },
  {
    title: 'a further class that models do not choose among',
    check: 'metadata',
    file: /^test\/metadata\.jsonl:\d+$/,
    detail: /Expected also_wnids to be other classes of 'among' than n\d+, sorted, each once, but received n99999999/,
    change: async (copy) => {
      await copy.edit('test/metadata.jsonl', (text) =>
        text.replace(/"also_wnids":\["n\d+"\]/, '"also_wnids":["n99999999"]'),
      );
      await copy.seal();
    },
  },
  {
    title: 'the name of a reviewer',
    check: 'metadata',
    file: /^decisions\.csv:2$/,
    detail: /Expected a letter such as A but received 'ann@example\.org'/,
    change: async (copy) => {
      await copy.edit('decisions.csv', (text) => text.replace(',A,', ',ann@example.org,'));
      await copy.seal();
    },
  },
  {
    title: 'a truncated shard',
    check: 'shard',
    file: /^shards\/test-000000\.tar$/,
    detail: /Expected a whole tar archive but received '.*truncated/,
    change: async (copy) => {
      const { length } = await readFile(copy.of(SHARD));
      await truncate(copy.of(SHARD), length - 3_000);
      await copy.sealSums();
    },
  },
  {
    title: 'a wrong label in a shard',
    check: 'shard',
    file: /^shards\/test-000000\.tar$/,
    detail: /Expected the label 0 in '.*\.cls' but received '7'/,
    change: async (copy) =>
      editShard(copy, SHARD, ([image, json, cls, ...rest]) => [
        image,
        json,
        { ...cls, data: Buffer.from('7') },
        ...rest,
      ]),
  },
  {
    title: 'members of a shard that are not side by side',
    check: 'shard',
    file: /^shards\/test-000001\.tar$/,
    detail: /Expected the members jpg, json, cls of '.*' but received jpg, json/,
    change: async (copy) => editShard(copy, SECOND_SHARD, ([image, json, cls, ...rest]) => [image, json, ...rest, cls]),
  },
  {
    title: 'a lost shard',
    check: 'shard',
    file: /^shards/,
    detail: /because shards are numbered without gaps/,
    change: async (copy) => {
      await rm(copy.of(SHARD));
      await copy.sealSums();
    },
  },
  {
    title: 'an image id that comes twice in coco.json',
    check: 'coco',
    file: /^annotations\/coco\.json$/,
    detail: /Expected each id once in 'images' but 1 comes again/,
    change: async (copy) => {
      await copy.edit('annotations/coco.json', (text) => text.replace('{"id":2,"file_name"', '{"id":1,"file_name"'));
      await copy.sealSums();
    },
  },
  {
    title: 'a wrong category in coco.json',
    check: 'coco',
    file: /^annotations\/coco\.json$/,
    detail: /Expected the category n02980441 of .* but received n11939491/,
    change: async (copy) => {
      await copy.edit('annotations/coco.json', (text) => text.replace('"category_id":1', '"category_id":3'));
      await copy.sealSums();
    },
  },
  {
    title: 'a missing row in a Parquet file',
    check: 'parquet',
    file: /^data$/,
    detail: /Expected each photo in a file but '.*' is in none/,
    change: async (copy) => {
      const { classes } = await copy.protocol();
      await mkdir(`${copy.root}-parquet`);
      const output = await OutputFolder.open(`${copy.root}-parquet`, (folder) => mkdir(folder, { recursive: true }));
      const sink = new ParquetSink(output, {
        classNames: classes.map(({ name }) => name),
        hasSearchedWnid: false,
        hasAlso: true,
      });
      for (const row of (await copy.rows()).slice(1))
        await sink.add({ row, bytes: await readFile(copy.of(`test/${row.file_name}`)) });
      await sink.finish();
      await output.close();
      await cp(path.join(output.root, PARQUET), copy.of(PARQUET));
      await copy.sealSums();
    },
  },
  {
    title: 'a cut Parquet file',
    check: 'parquet',
    file: /^data\/test-00000-of-00001\.parquet$/,
    detail: /Expected a whole Parquet file but received/,
    change: async (copy) => {
      await truncate(copy.of(PARQUET), 1_000);
      await copy.sealSums();
    },
  },
];

/** A cell of a CSV file. */
function quoted(text = ''): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The picture with a grey square of so many pixels a side. */
async function painted(bytes: Buffer, side: number): Promise<Buffer> {
  const square = { create: { width: side, height: side, channels: 3, background: '#808080' } } as const;
  return sharp(bytes)
    .composite([{ input: square, left: 60, top: 60 }])
    .png()
    .toBuffer();
}

type Entry = Awaited<ReturnType<typeof unpackTar>>[number];

async function editShard(
  copy: Copy,
  shard: string,
  change: (entries: Entry[]) => (Partial<Entry> | undefined)[],
): Promise<void> {
  const entries = change(await unpackTar(await readFile(copy.of(shard)))) as Entry[];
  const sources = entries.map(({ header, data }) => ({
    header: { ...header, size: data?.length ?? 0 },
    body: data ?? '',
  }));
  await writeFile(copy.of(shard), await packTar(sources));
  await copy.sealSums();
}
