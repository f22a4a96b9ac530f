import { createHash } from 'node:crypto';
import type { Sha256, Wnid } from '../kernel/ids.ts';
import { leftOutCard, listedCard, type CardContext, type SheetPhoto } from './contact-sheet-card.ts';
import { legend, sheetHeader, type SheetHeader } from './contact-sheet-header.ts';
import { classFile, countText } from './contact-sheet-parts.ts';
import { classHead, classTile, contents, hasPhotos, type SheetClass } from './contact-sheet-class.ts';
import { CONTACT_SHEET_STYLE } from './contact-sheet-style.ts';
import { html, trustedHtml, type Html } from './html.ts';
import { countShortlist } from './shortlist.ts';

export type { SheetClass } from './contact-sheet-class.ts';

export interface ContactSheet extends SheetHeader {
  /** In the order of the page. */
  readonly classes: readonly SheetClass[];
}

/** The JPEG thumbnail of a photo, best no larger than 400 pixels on its longer side, or null if there is none. */
export type Thumbnails = (sha256: Sha256) => Promise<Uint8Array | null>;

export interface ContactSheetOptions {
  /** Left-out photos shown per class, the first in order; the rest are counted in one line. */
  readonly leftOutPerClass?: number;
  /** Photos on one page; more of them make an index and a page for each class. */
  readonly onePagePhotos?: number;
}

/** About 10 MB at 11 kB a photo: what browsers and mail still take without complaint. */
const DEFAULT_ONE_PAGE_PHOTOS = 1_000;

/** A crawl leaves out thousands per class (paper, section 3.1: 7,473 of the dragonflies): a page of them is no help. */
const DEFAULT_LEFT_OUT_PER_CLASS = 60;

/** Thumbnails asked for at a time: enough to hide a store's latency, few enough to hold in memory. */
const PHOTOS_AT_A_TIME = 16;

/** A file of the sheet, in chunks to be written one after the other as UTF-8. */
export interface SheetPage {
  /** Relative to the folder of the shortlist, with `/`. */
  readonly file: string;
  readonly chunks: AsyncGenerator<string, void, void>;
}

/** The one page, or the index of the pages. */
export const FIRST_PAGE = 'shortlist.html';
/** A page for each class lies in there; nothing else does. */
export const PAGES_FOLDER = 'pages';

/**
 * The shortlist as self-contained HTML: one page as long as it shows at most `onePagePhotos` photos, else an index and a
 * page for each class that keeps anything. The pages come first, so that an index never leads to what is not there yet.
 *
 * A page asks for nothing from outside and runs no script: its policy admits `data:` pictures and the one style sheet
 * inside, by its hash. Texts are escaped, only http(s) URLs and the sheet's own pages become links. The same sheet and
 * thumbnails give the same bytes. At most 16 thumbnails are held at once; an error of `thumbnails` ends the page.
 */
export function contactSheet(
  sheet: ContactSheet,
  thumbnails: Thumbnails,
  options: ContactSheetOptions = {},
): SheetPage[] {
  const names = new Map(sheet.classes.map(({ wnid, name }) => [wnid, name]));
  const leftOutAtMost = options.leftOutPerClass ?? DEFAULT_LEFT_OUT_PER_CLASS;
  const common = { sheet, thumbnails, names, leftOutAtMost };
  const classes = sheet.classes.filter(hasPhotos);
  const shown = classes.reduce((sum, { photos }) => sum + shownOf(photos, leftOutAtMost), 0);
  if (shown <= (options.onePagePhotos ?? DEFAULT_ONE_PAGE_PHOTOS) || classes.length < 2)
    return [{ file: FIRST_PAGE, chunks: onePage({ ...common, pageOf: () => '' }) }];
  const pages = classes.map((sheetClass) => ({
    file: `${PAGES_FOLDER}/${classFile(sheetClass.wnid)}`,
    chunks: classPage(sheetClass, { ...common, pageOf: classFile }),
  }));
  const index = indexPage({ ...common, pageOf: (wnid) => `${PAGES_FOLDER}/${classFile(wnid)}` });
  return [...pages, { file: FIRST_PAGE, chunks: index }];
}

interface PageContext {
  readonly sheet: ContactSheet;
  readonly thumbnails: Thumbnails;
  readonly names: ReadonlyMap<Wnid, string>;
  readonly leftOutAtMost: number;
  readonly pageOf: (wnid: Wnid) => string;
}

function shownOf(photos: readonly SheetPhoto[], leftOutAtMost: number): number {
  const { listed, kept } = countShortlist(photos);
  return listed + Math.min(kept - listed, leftOutAtMost);
}

async function* onePage(context: PageContext): AsyncGenerator<string, void, void> {
  const { sheet } = context;
  yield pageStart(`${sheet.collection}: contact sheet`, html`${sheetHeader(sheet)}${contents(sheet, context.pageOf)}`);
  for (const sheetClass of sheet.classes.filter(hasPhotos)) yield* classSection(sheetClass, context, '#contents');
  yield PAGE_END;
}

async function* classPage(sheetClass: SheetClass, context: PageContext): AsyncGenerator<string, void, void> {
  const { collection, mode } = context.sheet;
  const back = `../${FIRST_PAGE}`;
  yield pageStart(
    `${sheetClass.name}, ${collection}: contact sheet`,
    html`<p class="eyebrow">
        <a href="${back}">Contact sheet of <bdi>${collection}</bdi></a>
      </p>
      ${legend(mode)}`,
  );
  yield* classSection(sheetClass, context, `${back}#contents`);
  yield PAGE_END;
}

async function* indexPage(context: PageContext): AsyncGenerator<string, void, void> {
  const { sheet, thumbnails, pageOf } = context;
  yield pageStart(`${sheet.collection}: contact sheet`, html`${sheetHeader(sheet)}${contents(sheet, pageOf)}`);
  yield '<ol class="grid tiles">\n';
  const classOf = new Map<SheetPhoto, SheetClass>();
  for (const sheetClass of sheet.classes) {
    const [first] = sheetClass.photos;
    if (first !== undefined) classOf.set(first, sheetClass);
  }
  yield* cards([...classOf.keys()], thumbnails, (photo, thumbnail) => {
    const sheetClass = classOf.get(photo);
    return sheetClass === undefined ? html`` : classTile(sheetClass, thumbnail, pageOf(sheetClass.wnid));
  });
  yield `</ol>\n${PAGE_END}`;
}

async function* classSection(
  sheetClass: SheetClass,
  { sheet, thumbnails, names, leftOutAtMost, pageOf }: PageContext,
  contentsHref: string,
): AsyncGenerator<string, void, void> {
  const { wnid, name: className, photos } = sheetClass;
  const { mode, policy } = sheet;
  const mark = mode === 'A' ? policy.threshold : policy.minConfidence;
  const context = { wnid, className, mode, mark, names, pageOf };
  const listed = photos.filter((photo) => photo.state === 'listed');
  const leftOut = photos.filter((photo) => photo.state === 'left-out');
  yield html`${classHead(sheetClass, { href: contentsHref, mode })}
    <ol class="grid"> `.toString();
  yield* cards(listed, thumbnails, (photo, thumbnail) => listedCard(photo, thumbnail, context));
  yield '</ol>\n';
  if (leftOut.length > 0) yield* leftOutSection(leftOut, leftOutAtMost, { thumbnails, context });
  yield '</section>\n';
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

const PAGE_END = '</main>\n</body>\n</html>\n';

function pageStart(title: string, top: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        ${top}
        <main>
     `.toString();
}
