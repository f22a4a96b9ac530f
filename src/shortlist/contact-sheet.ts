import { createHash } from 'node:crypto';
import type { Sha256, Wnid } from '../kernel/ids.ts';
import { leftOutCard, listedCard, type CardContext, type SheetPhoto } from './contact-sheet-card.ts';
import { sheetHeader, type SheetHeader } from './contact-sheet-header.ts';
import { classAnchor, countText } from './contact-sheet-parts.ts';
import { CONTACT_SHEET_STYLE } from './contact-sheet-style.ts';
import { html, trustedHtml, type Html } from './html.ts';
import { countShortlist } from './shortlist.ts';

export interface ContactSheet extends SheetHeader {
  /** In the order of the page. */
  readonly classes: readonly SheetClass[];
}

export interface SheetClass {
  readonly wnid: Wnid;
  readonly name: string;
  /** All names of the class; the one above may be among them. */
  readonly synonyms: readonly string[];
  /** Photos found for the class, before any filter. */
  readonly candidates: number;
  /** Every kept photo of the class, in the order of the shortlist: kept, listed and left out are counted from it. */
  readonly photos: readonly SheetPhoto[];
}

/** The JPEG thumbnail of a photo, best no larger than 400 pixels on its longer side, or null if there is none. */
export type Thumbnails = (sha256: Sha256) => Promise<Uint8Array | null>;

export interface ContactSheetOptions {
  /** Left-out photos shown per class, the first in order; the rest are counted in one line. */
  readonly leftOutPerClass?: number;
}

/** A crawl leaves out thousands per class (paper, section 3.1: 7,473 of the dragonflies): a page of them is no help. */
const DEFAULT_LEFT_OUT_PER_CLASS = 60;

/** Thumbnails asked for at a time: enough to hide a store's latency, few enough to hold in memory. */
const PHOTOS_AT_A_TIME = 16;

/** Names in one line of the contents or of a class; the rest are counted. */
const NAMES_AT_MOST = 12;

/**
 * The shortlist as one self-contained HTML page, in chunks to be written one after the other as UTF-8.
 *
 * The page asks for nothing from outside and runs no script: its policy admits `data:` pictures and the one style sheet
 * inside, by its hash. Texts are escaped, only http(s) URLs become links. The same sheet and thumbnails give the same
 * bytes. At most 16 thumbnails are held at once; an error of `thumbnails` ends the page and is passed on.
 */
export async function* contactSheetHtml(
  sheet: ContactSheet,
  thumbnails: Thumbnails,
  options: ContactSheetOptions = {},
): AsyncGenerator<string, void, void> {
  const names = new Map(sheet.classes.map(({ wnid, name }) => [wnid, name]));
  const leftOutAtMost = options.leftOutPerClass ?? DEFAULT_LEFT_OUT_PER_CLASS;
  yield documentStart(sheet).toString();
  for (const sheetClass of sheet.classes.filter(hasPhotos)) {
    const { wnid, name: className, photos } = sheetClass;
    const context = { wnid, className, threshold: sheet.policy.threshold, names };
    const listed = photos.filter((photo) => photo.state === 'listed');
    const leftOut = photos.filter((photo) => photo.state === 'left-out');
    yield html`${classHead(sheetClass)}
      <ol class="grid"> `.toString();
    yield* cards(listed, thumbnails, (photo, thumbnail) => listedCard(photo, thumbnail, context));
    yield '</ol>\n';
    if (leftOut.length > 0) yield* leftOutSection(leftOut, leftOutAtMost, { thumbnails, context });
    yield '</section>\n';
  }
  yield '</main>\n</body>\n</html>\n';
}

async function* leftOutSection(
  photos: readonly SheetPhoto[],
  atMost: number,
  { thumbnails, context }: { readonly thumbnails: Thumbnails; readonly context: CardContext },
): AsyncGenerator<string, void, void> {
  const shown = photos.slice(0, atMost);
  const rest = photos.length - shown.length;
  yield html`<details>
    <summary>${countText(photos.length)} left out of <bdi>${context.className}</bdi></summary>
    <ol class="grid small">
   `.toString();
  yield* cards(shown, thumbnails, (photo, thumbnail) => leftOutCard(photo, thumbnail, context));
  const more =
    rest === 0 ? null : html`<p class="rest">And ${countText(rest)} more, all of them in shortlist.csv.</p> `;
  yield html`</ol>
${more}</details>
`.toString();
}

async function* cards(
  photos: readonly SheetPhoto[],
  thumbnails: Thumbnails,
  card: (photo: SheetPhoto, thumbnail: Uint8Array | null) => Html,
): AsyncGenerator<string, void, void> {
  for (let start = 0; start < photos.length; start += PHOTOS_AT_A_TIME) {
    const batch = photos.slice(start, start + PHOTOS_AT_A_TIME);
    const made = await Promise.all(batch.map(async (photo) => card(photo, await thumbnails(photo.sha256))));
    yield made.join('');
  }
}

/** In one piece: white space between the tags would count for the hash. */
const STYLE_ELEMENT = trustedHtml(`<style>${CONTACT_SHEET_STYLE}</style>`);

/** The style sheet's hash in place of 'unsafe-inline': not even a style could come in through a name. */
const STYLE_HASH = createHash('sha256').update(CONTACT_SHEET_STYLE).digest('base64');
const CONTENT_SECURITY_POLICY = `default-src 'none'; img-src data:; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'`;

function documentStart(sheet: ContactSheet): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${sheet.collection}: contact sheet</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        ${sheetHeader(sheet)}${contents(sheet.classes)}
        <main>
     `;
}

function contents(classes: readonly SheetClass[]): Html {
  const entries = classes.filter(hasPhotos).map(({ wnid, name, photos }) => {
    const { listed } = countShortlist(photos);
    return html`<li>
      <a href="#${classAnchor(wnid)}"><bdi>${name}</bdi></a> <span class="count">${countText(listed)}</span>
    </li> `;
  });
  return html`<nav id="contents" aria-label="Classes">
    <h2>Classes <small>with the number listed</small></h2>
    <ul>
      ${entries}
    </ul>
    ${emptyClasses(classes.filter((sheetClass) => !hasPhotos(sheetClass)))}
  </nav> `;
}

function emptyClasses(classes: readonly SheetClass[]): Html | null {
  if (classes.length === 0) return null;
  const candidates = classes.reduce((sum, sheetClass) => sum + sheetClass.candidates, 0);
  const noun = classes.length === 1 ? 'class' : 'classes';
  return html`<p class="rest">
    Nothing kept of ${countText(candidates)} candidates in ${countText(classes.length)} ${noun}:
    ${someOf(classes.map(({ name }) => name))}.
  </p> `;
}

function classHead({ wnid, name, synonyms, candidates, photos }: SheetClass): Html {
  const { kept, listed, leftOut } = countShortlist(photos);
  const anchor = classAnchor(wnid);
  const gloss = synonyms.filter((synonym) => synonym !== name).join(', ');
  // A class of one or two photos takes one or two places in the page's grid, not a row of its own.
  const few = photos.length <= 2 ? ` few few-${photos.length}` : '';
  return html`<section class="class${few}" id="${anchor}" aria-labelledby="${anchor}-name">
    <header>
      <h2 id="${anchor}-name"><bdi>${name}</bdi> <code>${wnid}</code></h2>
      <a class="to-contents" href="#contents">Classes</a>
      <p class="gloss">${gloss}</p>
      <dl class="counts">
        ${labelled('candidates', candidates)} ${labelled('kept', kept)} ${labelled('listed', listed)}
        ${labelled('over the cap', leftOut.cap)} ${labelled('near-duplicates', leftOut.nearDuplicate)}
      </dl>
      <p class="confusions">Taken for ${confusions(photos)}</p>
    </header>
   `;
}

function labelled(label: string, count: number): Html {
  return html`<div>
    <dt>${label}</dt>
    <dd>${countText(count)}</dd>
  </div>`;
}

/** The confusions of the listed photos with their numbers, most frequent first: shows whether any dominates. */
function confusions(photos: readonly SheetPhoto[]): string {
  const counts = new Map<string, number>();
  for (const { state, confusionName } of photos) {
    if (state === 'listed') counts.set(confusionName, (counts.get(confusionName) ?? 0) + 1);
  }
  // A stable sort: equal counts stay in the order of rank.
  const ordered = [...counts].toSorted(([, a], [, b]) => b - a);
  return someOf(ordered.map(([name, count]) => `${name} ${countText(count)}`));
}

function someOf(texts: readonly string[]): string {
  const rest = texts.length - NAMES_AT_MOST;
  return texts.slice(0, NAMES_AT_MOST).join(', ') + (rest > 0 ? ` and ${countText(rest)} more` : '');
}

function hasPhotos({ photos }: SheetClass): boolean {
  return photos.length > 0;
}
