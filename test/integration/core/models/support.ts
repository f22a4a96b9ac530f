import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { addModel, type Added, type AddRequest } from '../../../../src/core/models/library/add.process.ts';
import { testFolder } from '../../../support/test-app.ts';

export const FIXTURES = fileURLToPath(new URL('../../../fixtures/onnx/', import.meta.url));
export const FIVE = 'red\ngreen\nblue\nbright thing\ndark thing\n';
export const AS_127 = '127,127,127/128,128,128';

export async function project(): Promise<string> {
  const folder = await testFolder();
  await writeFile(path.join(folder, 'five.txt'), FIVE);
  return folder;
}

/** Adds a fixture as a user without a terminal does. */
export function add(workingDir: string, file: string, { given, ...changes }: Partial<AddRequest> = {}): Promise<Added> {
  return addModel({
    file: path.resolve(FIXTURES, file),
    given: { classes: 'five.txt', resize: 36, ...(file.includes('uint8') ? {} : { normalise: AS_127 }), ...given },
    allowChance: false,
    inPlace: false,
    ask: null,
    workingDir,
    ...changes,
  });
}

export function fixture(file: string): Promise<Buffer> {
  return readFile(path.join(FIXTURES, file));
}

/** The same model in a file of `bytes` bytes. The rest is a text that nobody reads (`ModelProto.doc_string`, field 6). */
export async function paddedFixture(file: string, bytes: number): Promise<Buffer> {
  const model = await fixture(file);
  const header = Buffer.of(6 * 8 + 2, 0, 0, 0, 0);
  const length = bytes - model.length - header.length;
  for (let i = 0; i < 4; i += 1) header[i + 1] = ((length >> (7 * i)) & 0x7f) | (i < 3 ? 0x80 : 0);
  return Buffer.concat([
    model,
    header,
    Buffer.from(Uint8Array.from({ length }, (_, i) => 33 + ((i * 31 + (i >> 8)) % 90))),
  ]);
}
