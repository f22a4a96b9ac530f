import { groupBy } from '../../core/kernel/group-by.ts';
import type { ReportedPhotos } from './report.ts';
import type { ReportedPhoto } from './reported-photo.repository.ts';
import type { Mode } from '../../core/kernel/mode.ts';
import { MODES } from '../../core/collection/modes.ts';

/** `wanted` null: the accepted photos, or the listed ones while no photo is accepted, or all if none is listed. */
export function choosePhotos(
  kept: readonly ReportedPhoto[],
  { wanted, mode }: { readonly wanted: ReportedPhotos | null; readonly mode: Mode },
): { readonly which: ReportedPhotos; readonly photos: readonly ReportedPhoto[] } {
  const listed = kept.filter(({ rank }) => rank !== null);
  const accepted = ofOneClass(
    listed.filter(({ verdict }) => verdict === 'accepted'),
    mode,
  );
  const photosOf = { accepted, listed, kept };
  const which = wanted ?? (accepted.length > 0 ? 'accepted' : listed.length > 0 ? 'listed' : 'kept');
  return { which, photos: photosOf[which] };
}

/** A photo that is accepted for several classes is in no export; in mode O it is in it for the first of its concepts. */
function ofOneClass(photos: readonly ReportedPhoto[], mode: Mode): ReportedPhoto[] {
  const classesOf = groupBy(photos, ({ sha256 }) => sha256);
  return photos.filter((photo) => {
    const same = classesOf.get(photo.sha256) ?? [];
    return same.length === 1 || (!MODES[mode].showsClass && same[0] === photo);
  });
}
