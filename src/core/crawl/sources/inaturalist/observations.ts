import * as z from 'zod';
import type { Wnid } from '../../../kernel/ids.ts';
import { misfitPhoto, unreadablePhoto, type FoundPhoto } from '../source.ts';
import type { PhotoProblem } from '../../../kernel/reasons.ts';
import { inaturalistLicence, creatorOf, photoUrl, type PhotoSize } from './photo.ts';
import { dayOf, uploadDayOf } from '../day.ts';
import { storableText } from '../text.ts';

export const INATURALIST = 'inaturalist';
/** The website for people. Its addresses do not depend on those of the API. */
export const WEBSITE = 'https://www.inaturalist.org';

/** Keys that may be missing, or have another type in older recordings. In both cases they count as missing. */
const flagsSchema = z.array(z.unknown()).nullish().catch(undefined);
const textSchema = z.string().nullish().catch(undefined);
const booleanSchema = z.boolean().nullish().catch(undefined);

export const observationsSchema = z.object({
  total_results: z.int().nonnegative().nullish().catch(null),
  /** The page size after the site limited it. */
  per_page: z.int().nullish().catch(null),
  results: z.array(z.unknown()),
});
export type ObservationsAnswer = Readonly<z.output<typeof observationsSchema>>;

const observationSchema = z.object({
  id: z.int().positive(),
  spam: booleanSchema,
  observed_on: textSchema,
  created_at: textSchema,
  flags: flagsSchema,
  user: z.object({ login: textSchema, name: textSchema }).nullish().catch(undefined),
  photos: z.array(z.unknown()).nullish(),
});
type Observation = Readonly<z.output<typeof observationSchema>>;

const photoSchema = z.object({
  id: z.int().positive(),
  url: textSchema,
  license_code: textSchema,
  attribution: textSchema,
  /** v2 only. */
  attribution_name: textSchema,
  hidden: booleanSchema,
  flags: flagsSchema,
});
type Photo = Readonly<z.output<typeof photoSchema>>;

const flagSchema = z.object({ flag: z.string().nullish(), resolved: z.boolean().nullish() });

export interface ObservationContext {
  readonly wnid: Wnid;
  readonly size: PhotoSize;
  /** The position of the page in the walk, which identifies results without an id. */
  readonly idAbove: number;
}

/** Reads the photos of a page of observations. Each photo has its own licence, which may differ from the observation's. */
export function readObservations(
  results: readonly unknown[],
  context: ObservationContext,
): { photos: FoundPhoto[]; ids: number[] } {
  const ids: number[] = [];
  const photos: FoundPhoto[] = [];
  for (const [position, result] of results.entries()) {
    const parsed = observationSchema.safeParse(result);
    if (parsed.success) {
      ids.push(parsed.data.id);
      photos.push(...photosOf(parsed.data, context));
    } else {
      const sourceId = `result-${position}-above-${context.idAbove}`;
      const detail = `a result that is no observation: ${z.prettifyError(parsed.error)}`;
      photos.push(misfitPhoto({ source: INATURALIST, sourceId, label: context.wnid, detail: brief(detail) }));
    }
  }
  return { photos, ids };
}

function photosOf(observation: Observation, context: ObservationContext): readonly FoundPhoto[] {
  const pageUrl = `${WEBSITE}/observations/${observation.id}`;
  return (observation.photos ?? []).map((item, position) => {
    const parsed = photoSchema.safeParse(item);
    if (parsed.success) return foundPhoto(parsed.data, { observation, pageUrl, context });
    const sourceId = `observation-${observation.id}-photo-${position}`;
    const detail = brief(`no photo: ${z.prettifyError(parsed.error)}`);
    return { ...misfitPhoto({ source: INATURALIST, sourceId, label: context.wnid, detail }), pageUrl };
  });
}

function foundPhoto(
  photo: Photo,
  { observation, pageUrl, context }: { observation: Observation; pageUrl: string; context: ObservationContext },
): FoundPhoto {
  const licence = inaturalistLicence(photo.license_code);
  const url = photoUrl(photo.url ?? '', context.size);
  return {
    source: INATURALIST,
    sourceId: String(photo.id),
    label: context.wnid,
    url: url ?? storableText(photo.url ?? ''),
    licence: storableText(licence.id),
    licenceUrl: licence.url,
    creator: creatorOfPhoto(photo, observation),
    pageUrl,
    takenAt: dayOf(observation.observed_on),
    uploadedAt: uploadDayOf(observation.created_at),
    problem: withheld(photo, observation) ?? (url === null ? withoutUrl(photo) : null),
  };
}

function creatorOfPhoto({ attribution, attribution_name: name }: Photo, { user }: Observation): string | null {
  const candidates = [name, creatorOf(attribution), user?.name, user?.login];
  return candidates.map((candidate) => storableText(candidate ?? '')).find((candidate) => candidate !== '') ?? null;
}

function withheld(photo: Photo, observation: Observation): PhotoProblem | null {
  const flags = [...openFlags(photo.flags), ...openFlags(observation.flags)];
  if ([...flags, photo.url ?? ''].some((text) => GENERATED.test(text)))
    return { state: 'dropped', reason: 'ai-generated', detail: 'flagged at iNaturalist as artificially generated' };
  if (photo.hidden === true) return refused('hidden by a moderator of iNaturalist');
  if (/copyright-infringement/.test(photo.url ?? '')) return refused('withdrawn from iNaturalist for its copyright');
  if (observation.spam === true) return refused('its observation is marked as spam at iNaturalist');
  const [flag] = flags;
  return flag === undefined ? null : refused(`flagged at iNaturalist: ${storableText(flag)}`);
}

/** The flag "artificially generated content", and the name of the picture that the site then shows instead of the photo. */
const GENERATED = /artificially[ -]generated/i;

function openFlags(flags: readonly unknown[] | null | undefined): string[] {
  return (flags ?? []).flatMap((given) => {
    const flag = flagSchema.safeParse(given).data;
    return flag?.resolved === true ? [] : [flag?.flag ?? 'without a reason'];
  });
}

function refused(detail: string): PhotoProblem {
  return { state: 'dropped', reason: 'taken-down', detail };
}

function withoutUrl({ url }: Photo): PhotoProblem {
  const received = storableText(url ?? '').slice(0, 200);
  return unreadablePhoto(`expected the address of a photo in some size but received '${received}'`);
}

function brief(detail: string): string {
  return storableText(detail).slice(0, 300);
}
