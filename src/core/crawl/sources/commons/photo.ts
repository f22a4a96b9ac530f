import type { Config } from '../../../config/settings.ts';
import { UNKNOWN_LICENCE } from '../../../collection/licence.ts';
import type { Wnid } from '../../../kernel/ids.ts';
import type { PhotoProblem } from '../../../kernel/reasons.ts';
import { pageAddress, pictureAddress } from '../picture-address.ts';
import { misfitPhoto, type FoundPhoto } from '../source.ts';
import { dayOf } from '../day.ts';
import { shortText } from '../text.ts';
import type { FileInfo, FilePage } from './answer.ts';
import { COMMONS } from './plan.ts';
import {
  absolute,
  aiCategory,
  commonsCreator,
  commonsLicence,
  notFree,
  originOf,
  restrictionsOf,
  takenAtOf,
} from './rights.ts';

export interface PhotoContext extends Pick<Config['sources']['commons'], 'width' | 'acceptPd' | 'drawingWords'> {
  readonly wnid: Wnid;
}

/** Classes that drawings and prints show: comic book, envelope, menu, web site. */
const DRAWN_CLASSES: ReadonlySet<Wnid> = new Set(['n06596364', 'n03291819', 'n07565083', 'n06359193']);

/** A wider photo scaled to a width of 960 pixels is lower than 300. */
const MOST_ASPECT_RATIO = 3.2;

/** The picture is the scaled one whose address the answer gives, or the original if that is narrower. */
export function commonsPhoto(page: FilePage, context: PhotoContext): FoundPhoto {
  const sourceId = String(page.pageid);
  const info = page.imageinfo?.[0];
  if (info === undefined) {
    const detail = `Commons gives no picture of ${shortText(page.title, 200)}`;
    return misfitPhoto({ source: COMMONS, sourceId, label: context.wnid, detail });
  }
  const field = info.extmetadata;
  const licence = commonsLicence(field, context.acceptPd);
  const scaled = info.width > context.width ? (info.thumburl ?? '') : info.url;
  const address = pictureAddress(untracked(absolute(scaled)));
  return {
    source: COMMONS,
    sourceId,
    label: context.wnid,
    url: address.url,
    pageUrl: pageAddress(absolute(info.descriptionurl)),
    creator: commonsCreator(field),
    licence: licence?.id ?? UNKNOWN_LICENCE,
    licenceUrl: licence?.url ?? null,
    origin: originOf(field),
    restrictions: restrictionsOf(field),
    originalWidth: info.width,
    originalHeight: info.height,
    takenAt: takenAtOf(field),
    uploadedAt: dayOf(info.timestamp),
    problem: problemOf(page.title, info, { ...context, isNamed: licence !== null }) ?? address.problem,
  };
}

function problemOf(
  title: string,
  { width, height, extmetadata }: FileInfo,
  { wnid, drawingWords, isNamed }: PhotoContext & { readonly isNamed: boolean },
): PhotoProblem | null {
  const refusal = isNamed ? notFree(extmetadata) : 'no licence';
  if (refusal !== null) return { state: 'dropped', reason: 'licence-not-allowed', detail: refusal };
  const category = aiCategory(extmetadata);
  if (category !== null)
    return { state: 'dropped', reason: 'ai-generated', detail: `category ${shortText(category, 100)}` };
  const word = DRAWN_CLASSES.has(wnid) ? null : wordIn(title, drawingWords);
  if (word !== null)
    return { state: 'dropped', reason: 'not-a-photo-title', detail: `${word}: ${shortText(title, 200)}` };
  if (width <= MOST_ASPECT_RATIO * height) return null;
  return { state: 'dropped', reason: 'aspect-ratio', detail: `${width} x ${height}` };
}

/** The first of the words that a title has as a whole word, in any case, or as its plural in s. */
function wordIn(title: string, words: readonly string[]): string | null {
  const name = plainWords(title.replace(/^File:/, '').replace(/\.\w+$/, ''));
  return words.find((word) => ['', 's'].some((end) => name.includes(plainWords(word + end)))) ?? null;
}

/** `Line-art_dog` as ` line art dog `. */
function plainWords(text: string): string {
  const words = text.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  return ` ${words.filter((word) => word !== '').join(' ')} `;
}

/** Removes the parameters by which Wikimedia counts where requests come from. */
function untracked(address: string): string {
  const url = URL.parse(address);
  if (url === null) return address;
  url.search = new URLSearchParams([...url.searchParams].filter(([name]) => !name.startsWith('utm_'))).toString();
  return url.href;
}
