import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { codeOf, messageOf } from '../../../core/kernel/errors.ts';
import { openCsv } from './csv.process.ts';
import { NPY_MAGIC } from './npy-header.ts';
import { openNpy } from './npy.process.ts';
import { openNpz } from './npz.process.ts';
import { openParquetLogits } from './parquet.process.ts';
import { badLogits, type LogitTable } from './table.ts';

const FORMATS = 'an npy, npz, csv or parquet file';
const SNIFFED = 512;

/** Opens a file by the format that its first bytes show. @throws UsageError `bad-logits` */
export async function openLogits(file: string): Promise<LogitTable> {
  const table = await openAny(file);
  return { ...table, rows: () => explained(file, table.rows()) };
}

/** Adds the file to errors of the file system: it may be removed while it is read. */
async function* explained(file: string, rows: ReturnType<LogitTable['rows']>): ReturnType<LogitTable['rows']> {
  try {
    yield* rows;
  } catch (error) {
    throw isSystemError(error) ? badLogits(file, `${messageOf(error)}. Leave it as it is until the end`, error) : error;
  }
}

function isSystemError(error: unknown): boolean {
  return codeOf(error)?.startsWith('E') === true;
}

async function openAny(file: string): Promise<LogitTable> {
  const size = await sizeOf(file);
  const head = await readHead(file);
  if (head.length === 0) throw badLogits(file, 'it is empty. Write the logits again');
  if (head.subarray(0, NPY_MAGIC.length).equals(NPY_MAGIC))
    return openNpy({ name: file, size, chunks: () => createReadStream(file, { highWaterMark: 256 * 1024 }) });
  if (startsWith(head, 'PK')) return openNpz(file);
  if (startsWith(head, 'PAR1')) return openParquetLogits(file);
  const other = otherFormat(head);
  if (other !== null) throw badLogits(file, `Expected ${FORMATS} but it is ${other}`);
  return openCsv(file);
}

async function sizeOf(file: string): Promise<number> {
  try {
    const found = await stat(file);
    if (found.isFile()) return found.size;
    throw badLogits(file, `it is ${found.isDirectory() ? 'a folder' : 'no regular file'}. Give ${FORMATS}`);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw badLogits(file, `no such file. Give ${FORMATS}`, error);
    throw isSystemError(error) ? badLogits(file, `${messageOf(error)}. Make it readable`, error) : error;
  }
}

async function readHead(file: string): Promise<Buffer> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(SNIFFED), 0, SNIFFED, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw badLogits(file, `${messageOf(error)}. Make it readable`, error);
  }
}

function startsWith(head: Buffer, magic: string): boolean {
  return head.subarray(0, magic.length).equals(Buffer.from(magic, 'latin1'));
}

function otherFormat(head: Buffer): string | null {
  if (startsWith(head, '\x1f\x8b')) return 'compressed with gzip. Unpack it with gunzip';
  if (startsWith(head, '\x80')) return 'a pickle, which can run code when it is loaded. Write it with numpy.save';
  if (startsWith(head, '\x89HDF')) return 'an HDF5 file. Write the array with numpy.save';
  if (startsWith(head, '\xff\xfe') || startsWith(head, '\xfe\xff')) return 'text in UTF-16. Save it as UTF-8';
  return head.includes(0) ? 'another kind of binary file. Write the array with numpy.save' : null;
}
