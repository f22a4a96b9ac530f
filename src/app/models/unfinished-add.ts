import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { exists, hashOf } from './model-files.ts';

/**
 * What `models add` is about to write beside a card, so that the next call of that name can tell what a killed one has left
 * from what somebody put there. It is written before the first of the files and goes after the card is there.
 */
const noteSchema = z.object({
  files: z.array(z.object({ name: z.string(), sha256: z.string() })),
});

/** A file that is about to be written. */
export interface Announced {
  /** Absolute, in the folder of the card. */
  readonly file: string;
  readonly sha256: string;
}

export function noteFileOf(cardFile: string): string {
  return cardFile.replace(/\.ya?ml$/, '.adding.json');
}

export async function announce(cardFile: string, files: readonly Announced[]): Promise<void> {
  const note = { files: files.map(({ file, sha256 }) => ({ name: path.basename(file), sha256 })) };
  await writeFile(noteFileOf(cardFile), JSON.stringify(note), { flush: true });
}

export async function endAnnouncement(cardFile: string): Promise<void> {
  await rm(noteFileOf(cardFile), { force: true });
}

/**
 * Of some files beside a card those that a killed call wrote: announced by it, and still with the bytes that it announced.
 * Halves of copies that it left are removed.
 */
export async function leftBehind(cardFile: string, files: readonly string[]): Promise<ReadonlySet<string>> {
  const announced = await announcedBy(cardFile);
  const left = new Set<string>();
  for (const file of files) {
    const sha256 = announced.get(path.basename(file));
    if (sha256 === undefined) continue;
    await rm(unfinishedOf(file), { force: true });
    if ((await exists(file)) && (await hashOf(file)) === sha256) left.add(file);
  }
  return left;
}

/** Where a copy gathers before it gets its name. */
export function unfinishedOf(file: string): string {
  return `${file}.unfinished`;
}

/** SHA-256 by file name; empty if there is no note, or half of one, after which nothing was written yet. */
async function announcedBy(cardFile: string): Promise<ReadonlyMap<string, string>> {
  try {
    const { files } = noteSchema.parse(JSON.parse(await readFile(noteFileOf(cardFile), 'utf8')));
    return new Map(files.map(({ name, sha256 }) => [name, sha256]));
  } catch {
    return new Map();
  }
}
