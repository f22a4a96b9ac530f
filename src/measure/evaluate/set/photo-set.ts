import { resolve, relative, sep } from 'node:path';
import type { Sha256, Wnid } from '../../../core/kernel/ids.ts';
import type { Mode } from '../../../core/kernel/mode.ts';

export interface PhotoSet {
  readonly dir: string;
  /** The folder that the names of photos are relative to; `dir` is as the user gave it. */
  readonly root: string;
  /** In the order of their names, as torchvision's ImageFolder gives them. */
  readonly photos: readonly SetPhoto[];
  /** Facts from an export of winnow; null for any other folder. */
  readonly exported: ExportedSet | null;
  readonly remarks: readonly string[];
}

export interface SetPhoto {
  /** Relative to `root`, with slashes. */
  readonly file: string;
  /** Its folder: the class that it shows, or in mode O the class or concept that it is sorted under. */
  readonly wnid: Wnid;
  /** Further classes that it clearly shows. Null if the set does not say: a folder, or an export from before winnow asked. */
  readonly alsoWnids: readonly Wnid[] | null;
  /** Hash of its bytes, if an export has written them. */
  readonly sha256: Sha256 | null;
  /** In an export: hash of the photo's own bytes. Those of the file have no metadata, so their hash may differ. */
  readonly originalSha256: Sha256 | null;
}

export interface ExportedSet {
  readonly collection: string;
  readonly mode: Mode;
  /** The classes that the filter's rule is over. */
  readonly among: readonly Wnid[];
  /** The collection's own classes. In mode O these are fewer. */
  readonly searched: readonly Wnid[];
  /** Members whose accuracy is 0 by the rule. */
  readonly membersAtZero: readonly string[];
  readonly nameByWnid: ReadonlyMap<Wnid, string>;
  readonly hasPictures: boolean;
}

/** Sorts by code point, as Python sorts. (JavaScript sorts by UTF-16 code unit, which differs for emoji.) */
export function sortedAsPython<Item>(items: readonly Item[], textOf: (item: Item) => string): Item[] {
  // The bytes of UTF-8 have the order of the code points.
  return items
    .map((item) => ({ item, key: Buffer.from(textOf(item)) }))
    .toSorted((a, b) => Buffer.compare(a.key, b.key))
    .map(({ item }) => item);
}

/** Finds the positions of photos by the names that users write: relative to the folder of the photos, to DIR, or to `workingDir`. */
export function positionsOfNames(
  { dir, root, photos }: Pick<PhotoSet, 'dir' | 'root' | 'photos'>,
  workingDir: string,
): (name: string) => number | null {
  const positions = new Map(photos.map(({ file }, i) => [file, i]));
  const relativeTo = (base: string, name: string): string =>
    relative(resolve(workingDir, root), resolve(workingDir, base, name))
      .split(sep)
      .join('/');
  return (name) => {
    for (const base of [root, dir, '.']) {
      const found = positions.get(name) ?? positions.get(relativeTo(base, name));
      if (found !== undefined) return found;
    }
    return null;
  };
}
