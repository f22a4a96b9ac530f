import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { messageOf } from '../../../core/kernel/errors.ts';
import { openNpy } from './npy.process.ts';
import { badLogits, type LogitTable } from './table.ts';
import { quoted } from '../quoted.ts';

const MEMBER = 'logits';
const MAX_MEMBERS = 1_000;

/** Opens the array `logits` of a NumPy archive, or its only one. @throws UsageError `bad-logits` */
export async function openNpz(file: string): Promise<LogitTable> {
  const entry = memberOf(file, await entriesOf(file));
  const name = `${file}[${arrayName(entry)}]`;
  return openNpy({ name, size: entry.uncompressedSize, chunks: () => chunksOf(file, entry) });
}

async function entriesOf(file: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  const zip = await opened(file);
  try {
    for await (const entry of zip.eachEntry()) {
      entries.push(entry);
      if (entries.length > MAX_MEMBERS)
        throw badLogits(file, `it has more than ${MAX_MEMBERS} members. Write one array with numpy.savez`);
    }
  } catch (error) {
    throw damaged(file, error);
  } finally {
    zip.close();
  }
  return entries;
}

function memberOf(file: string, entries: readonly Entry[]): Entry {
  const arrays = entries.filter(({ fileName }) => fileName.endsWith('.npy'));
  const named = arrays.find((entry) => arrayName(entry) === MEMBER);
  const [only, ...others] = arrays;
  if (named !== undefined) return named;
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined) {
    const isTorch = entries.some(({ fileName }) => fileName.endsWith('/data.pkl'));
    const what = isTorch
      ? 'it is a file of torch.save, which holds Python objects'
      : 'it is a zip archive without arrays';
    throw badLogits(file, `${what}. Write it with numpy.save(file, logits.numpy())`);
  }
  const names = quoted(arrays.map(arrayName));
  throw badLogits(
    file,
    `it has several arrays (${names}) and none is named '${MEMBER}'. Write it with numpy.savez(file, ${MEMBER}=...)`,
  );
}

function arrayName({ fileName }: Entry): string {
  return fileName.replace(/\.npy$/, '');
}

async function* chunksOf(file: string, entry: Entry): AsyncGenerator<Buffer, void, undefined> {
  const zip = await opened(file);
  try {
    const stream: Readable = await zip.openReadStreamPromise(entry);
    let sum = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      sum = crc32(chunk, sum);
      yield chunk;
    }
    if (sum !== entry.crc32) throw new Error('its checksum is wrong');
  } catch (error) {
    throw damaged(file, error);
  } finally {
    zip.close();
  }
}

async function opened(file: string): Promise<ZipFile> {
  return openPromise(file, { autoClose: false }).catch((error: unknown) => {
    throw damaged(file, error);
  });
}

function damaged(file: string, error: unknown): Error {
  return badLogits(file, `it is a damaged zip archive (${messageOf(error)}). Write or copy it again`, error);
}
