/** @jsxRuntime automatic @jsxImportSource preact */
import type { VNode } from 'preact';
import { renderToStaticMarkup } from 'preact-render-to-string';
import type { Sha256, Wnid } from '../kernel/ids.ts';
import { sha256Bytes } from '../tools/sha256.ts';
import { Card } from './sheet/card.tsx';
import {
  ClassSection,
  ClassTile,
  Contents,
  hasPhotos,
  LeftOut,
  type CountedClass,
  type SheetClass,
} from './sheet/class.tsx';
import { Legend, Top, type SheetHeader } from './sheet/header.tsx';
import { CONTACT_SHEET_STYLE } from './sheet/style.ts';
import { classFile } from './class-file.ts';
import { countShortlist } from './shortlist.ts';
import { SHEET_TEXTS } from './sheet/modes.ts';

export type { SheetClass };

export interface ContactSheet extends SheetHeader {
  readonly classes: readonly SheetClass[];
}

/** The WebP thumbnail of a photo, best no larger than 400 pixels on its longer side, or null if there is none. */
export type Thumbnails = (sha256: Sha256) => Promise<Uint8Array | null>;

/** About 10 MB at 11 kB a photo: what browsers and mail still take without complaint. */
const DEFAULT_ONE_PAGE_PHOTOS = 1_000;

/** A crawl leaves out thousands per class (paper, section 3.1: 7,473 of the dragonflies): a page of them is no help. */
const LEFT_OUT_PER_CLASS = 60;

/** Thumbnails asked for at a time: enough to hide a store's latency, few enough to hold in memory. */
const PHOTOS_AT_A_TIME = 16;

export interface SheetPage {
  /** Relative to the folder of the shortlist, with `/`. */
  readonly file: string;
  readonly chunks: AsyncGenerator<string, void, void>;
}

export const FIRST_PAGE = 'shortlist.html';
/** Contains one page for each class, and nothing else. */
export const PAGES_FOLDER = 'pages';

/**
 * The shortlist as self-contained HTML: one page as long as it shows at most `onePagePhotos` photos, otherwise an index and
 * a page for each class that keeps anything. The pages are written first, so that the index never links to a missing page.
 *
 * A page asks for nothing from outside and runs no script: its policy admits `data:` pictures and the one style sheet
 * inside, by its hash. Texts are escaped, only http(s) URLs and the sheet's own pages become links. The same sheet and
 * thumbnails give the same bytes. At most 16 thumbnails are held at once; an error of `thumbnails` ends the page.
 */
export function contactSheet(
  sheet: ContactSheet,
  thumbnails: Thumbnails,
  onePagePhotos: number = DEFAULT_ONE_PAGE_PHOTOS,
): SheetPage[] {
  const names = new Map(sheet.classes.map(({ wnid, name }) => [wnid, name]));
  const all = sheet.classes.map((sheetClass) => ({ ...sheetClass, counts: countShortlist(sheetClass.photos) }));
  const common = { sheet, classes: all, thumbnails, names };
  const classes = all.filter(hasPhotos);
  const shown = classes.reduce((sum, sheetClass) => sum + shownOf(sheetClass), 0);
  if (shown <= onePagePhotos || classes.length < 2)
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
  readonly classes: readonly CountedClass[];
  readonly thumbnails: Thumbnails;
  readonly names: ReadonlyMap<Wnid, string>;
  readonly pageOf: (wnid: Wnid) => string;
}

function shownOf({ counts: { listed, kept } }: CountedClass): number {
  return listed + Math.min(kept - listed, LEFT_OUT_PER_CLASS);
}

function onePage(context: PageContext): AsyncGenerator<string, void, void> {
  const title = `${context.sheet.collection}: contact sheet`;
  return page({ title, top: <SheetTop {...context} /> }, sections(context));
}

async function* sections(context: PageContext): AsyncGenerator<string, void, void> {
  for (const sheetClass of context.classes.filter(hasPhotos)) yield* classSection(sheetClass, context, '#contents');
}

function classPage(sheetClass: CountedClass, context: PageContext): AsyncGenerator<string, void, void> {
  const { collection, mode } = context.sheet;
  const back = `../${FIRST_PAGE}`;
  const top = (
    <>
      <p class="eyebrow">
        <a href={back}>
          Contact sheet of <bdi>{collection}</bdi>
        </a>
      </p>
      <Legend mode={mode} />
    </>
  );
  const title = `${sheetClass.name}, ${collection}: contact sheet`;
  return page({ title, top }, classSection(sheetClass, context, `${back}#contents`));
}

function indexPage(context: PageContext): AsyncGenerator<string, void, void> {
  const { sheet, classes, thumbnails, pageOf } = context;
  const tiles = classes.flatMap((sheetClass) => {
    const [first] = sheetClass.photos;
    return first === undefined ? [] : [{ sha256: first.sha256, sheetClass }];
  });
  const tileCards = cards(tiles, thumbnails, ({ sheetClass }, src) => (
    <ClassTile sheetClass={sheetClass} src={src} page={pageOf(sheetClass.wnid)} />
  ));
  return page(
    { title: `${sheet.collection}: contact sheet`, top: <SheetTop {...context} /> },
    around((gap) => <ol class="grid tiles">{gap}</ol>, tileCards),
  );
}

function classSection(
  sheetClass: CountedClass,
  { sheet, thumbnails, names, pageOf }: PageContext,
  contentsHref: string,
): AsyncGenerator<string, void, void> {
  const { wnid, name: className, photos } = sheetClass;
  const { mode, policy } = sheet;
  const context = { wnid, className, marks: SHEET_TEXTS[mode].marks(policy), names, pageOf };
  const listed = photos.filter((photo) => photo.state === 'listed');
  const leftOut = photos.filter((photo) => photo.reason !== null);
  const shown = leftOut.slice(0, LEFT_OUT_PER_CLASS);
  return around(
    (listedCards, leftOutCards) => (
      <ClassSection sheetClass={sheetClass} href={contentsHref} mode={mode}>
        <ol class="grid">{listedCards}</ol>
        {leftOut.length === 0 ? null : (
          <LeftOut className={className} count={leftOut.length} rest={leftOut.length - shown.length}>
            {leftOutCards}
          </LeftOut>
        )}
      </ClassSection>
    ),
    cards(listed, thumbnails, (photo, src) => <Card photo={photo} src={src} context={context} />),
    cards(shown, thumbnails, (photo, src) => <Card photo={photo} src={src} context={context} />),
  );
}

async function* cards<T extends { readonly sha256: Sha256 }>(
  photos: readonly T[],
  thumbnails: Thumbnails,
  card: (photo: T, src: string | null) => VNode,
): AsyncGenerator<string, void, void> {
  for (let start = 0; start < photos.length; start += PHOTOS_AT_A_TIME) {
    const batch = photos.slice(start, start + PHOTOS_AT_A_TIME);
    const made = await Promise.all(
      batch.map(async (photo) => withPicture(await thumbnails(photo.sha256), (src) => card(photo, src))),
    );
    yield `${made.join('\n')}\n`;
  }
}

const DATA_URL = 'data:image/webp;base64,';
/** Quotes in texts are escaped, so no text can hold it. */
const EMPTY_PICTURE = `src="${DATA_URL}"`;

/** Inserts the base64 bytes after rendering, because the renderer would search all of them for characters to escape. */
function withPicture(webp: Uint8Array | null, card: (src: string | null) => VNode): string {
  if (webp === null) return renderToStaticMarkup(card(null));
  const [before = '', after = ''] = renderToStaticMarkup(card(DATA_URL)).split(EMPTY_PICTURE);
  return `${before}src="${DATA_URL}${Buffer.from(webp).toString('base64')}"${after}`;
}

/** Texts are escaped, so no text can look like it. */
const GAP = '<slot></slot>';

/** Renders a frame at once, and yields its parts where they stand in it, as they are made. */
async function* around(
  frame: (...gaps: VNode[]) => VNode,
  ...parts: readonly AsyncIterable<string>[]
): AsyncGenerator<string, void, void> {
  const pieces = renderToStaticMarkup(frame(...parts.map((_, i) => <slot key={i} />))).split(GAP);
  for (const [i, piece] of pieces.entries()) {
    yield piece;
    if (i < pieces.length - 1) yield* parts[i] ?? [];
  }
}

/** With the style sheet's hash instead of 'unsafe-inline', a name cannot inject styles. */
const STYLE_HASH = sha256Bytes(CONTACT_SHEET_STYLE).toString('base64');
const CONTENT_SECURITY_POLICY = `default-src 'none'; img-src data:; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'`;

const DOCTYPE = '<!doctype html>\n';

interface PageFrame {
  readonly title: string;
  readonly top: VNode;
}

async function* page({ title, top }: PageFrame, body: AsyncIterable<string>): AsyncGenerator<string, void, void> {
  yield DOCTYPE;
  yield* around(
    (gap) => (
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta http-equiv="Content-Security-Policy" content={CONTENT_SECURITY_POLICY} />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="referrer" content="no-referrer" />
          <title>{title}</title>
          <style dangerouslySetInnerHTML={{ __html: CONTACT_SHEET_STYLE }} />
        </head>
        <body>
          {top}
          <main class="sheet">{gap}</main>
        </body>
      </html>
    ),
    body,
  );
}

function SheetTop({ sheet, classes, pageOf }: PageContext) {
  return (
    <>
      <Top sheet={sheet} />
      <Contents classes={classes} mode={sheet.mode} pageOf={pageOf} />
    </>
  );
}
