import { quote } from '../../../core/tools/quote.ts';
import { UsageError } from '../../../core/kernel/errors.ts';
import type { Wnid } from '../../../core/kernel/ids.ts';
import type { PhotoSet } from './photo-set.ts';
import { MODES } from '../../../core/collection/modes.ts';

/** Refuses a set whose folders are not the classes that its photos show. @throws UsageError `no-true-classes` */
export function requireTrueClasses({ dir, exported }: PhotoSet, flag: string): void {
  if (exported === null || MODES[exported.mode].showsClass) return;
  throw new UsageError(
    `Expected photos in the folders of the classes that they show for ${flag} but ${quote(dir)} is an export of mode O: its photos show none of the classes that models choose among. Give an export of mode A, or a folder with a folder of photos for each class`,
    { code: 'no-true-classes' },
  );
}

export function onlyClasses(set: PhotoSet, classes: readonly Wnid[]): PhotoSet {
  const wanted = new Set(classes);
  const photos = set.photos.filter(({ wnid }) => wanted.has(wnid));
  const count = set.photos.length - photos.length;
  if (count === 0) return set;
  const others = new Set(set.photos.map(({ wnid }) => wnid).filter((wnid) => !wanted.has(wnid))).size;
  const remark = `left out photos of other classes in ${quote(set.dir)} (photos: ${count}, classes: ${others})`;
  return { ...set, photos, remarks: [remark, ...set.remarks] };
}
