import { stat } from 'node:fs/promises';
import path from 'node:path';
import { quote } from '../../../core/tools/quote.ts';
import { PROTOCOL } from '../../../core/export/layout.ts';
import { codeOf, messageOf, UsageError } from '../../../core/kernel/errors.ts';
import { readExportSet } from './export-set.process.ts';
import { readImageFolder, type ReadSetOptions } from './image-folder.process.ts';
import type { PhotoSet } from './photo-set.ts';

/**
 * Reads which photos an export of winnow has, or a folder as torchvision's ImageFolder takes it. Opens no photos.
 * @throws UsageError `not-a-folder`, `not-a-set`, `damaged-export` or `unreadable-photo`
 */
export async function readSet(dir: string, options: ReadSetOptions): Promise<PhotoSet> {
  const found = await statOf(dir);
  if (found?.isDirectory() !== true)
    throw new UsageError(
      `${found === null ? 'No such folder' : 'Not a folder'}: ${dir === '' ? "''" : dir}. Give an export of winnow, or a folder with a folder for each class`,
      { code: 'not-a-folder' },
    );
  const protocolFile = path.join(dir, PROTOCOL);
  const isExport = (await statOf(protocolFile)) !== null;
  return isExport ? readExportSet(dir, protocolFile, options.signal) : readImageFolder(dir, options);
}

async function statOf(file: string) {
  return stat(file).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
    throw new UsageError(`Cannot read ${quote(file)}: ${messageOf(error)}. Make it readable`, {
      code: 'not-a-folder',
      cause: error,
    });
  });
}
