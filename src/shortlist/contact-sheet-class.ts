import type { Wnid } from '../kernel/ids.ts';
import { frame, type SheetPhoto } from './contact-sheet-card.ts';
import { classAnchor, countText } from './contact-sheet-parts.ts';
import { html, type Html } from './html.ts';
import { countShortlist } from './shortlist.ts';

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

/** Names in one line of the contents or of a class; the rest are counted. */
const NAMES_AT_MOST = 12;

/** What the sheet's sections are of. */
type Mode = 'A' | 'O';
const WORDS = {
  A: { title: 'Classes', one: 'class', many: 'classes' },
  O: { title: 'Concepts', one: 'concept', many: 'concepts' },
} as const satisfies Record<Mode, unknown>;

/** The list of classes (or concepts); `pageOf` gives the page of each, '' if it is on this one. */
export function contents(
  { classes, mode }: { readonly classes: readonly SheetClass[]; readonly mode: Mode },
  pageOf: (wnid: Wnid) => string,
): Html {
  const { title } = WORDS[mode];
  const entries = classes.filter(hasPhotos).map(({ wnid, name, photos }) => {
    const { listed } = countShortlist(photos);
    const page = pageOf(wnid);
    return html`<li>
      <a href="${page === '' ? `#${classAnchor(wnid)}` : page}"><bdi>${name}</bdi></a>
      <span class="count">${countText(listed)}</span>
    </li> `;
  });
  return html`<nav id="contents" aria-label="${title}">
    <h2>${title} <small>with the number listed</small></h2>
    <ul>
      ${entries}
    </ul>
    ${emptyClasses(
      classes.filter((sheetClass) => !hasPhotos(sheetClass)),
      mode,
    )}
  </nav> `;
}

/** Classes whose candidates all went, by name; those for which nothing was found are only counted. */
function emptyClasses(classes: readonly SheetClass[], mode: Mode): Html | null {
  const tried = classes.filter(({ candidates }) => candidates > 0);
  const untried = classes.length - tried.length;
  const candidates = tried.reduce((sum, sheetClass) => sum + sheetClass.candidates, 0);
  const gone =
    tried.length === 0
      ? null
      : html`Nothing kept of ${countText(candidates)} ${candidates === 1 ? 'candidate' : 'candidates'} in
        ${classesText(tried.length, mode)}: ${someOf(tried.map(({ name }) => name))}. `;
  const none = untried === 0 ? null : html`No candidates in ${classesText(untried, mode)}.`;
  return classes.length === 0 ? null : html`<p class="rest">${gone}${none}</p> `;
}

function classesText(count: number, mode: Mode): string {
  const { one, many } = WORDS[mode];
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** A class on the index: its first photo stands for it. */
export function classTile(sheetClass: SheetClass, thumbnail: Uint8Array | null, page: string): Html {
  const { name, photos } = sheetClass;
  const [first] = photos;
  const { kept, listed } = countShortlist(photos);
  const picture = first === undefined ? null : frame(first, thumbnail, { className: name });
  return html`<li class="card tile">
    <a href="${page}" tabindex="-1" aria-hidden="true">${picture}</a>
    <h2>
      <a href="${page}"><bdi>${name}</bdi></a>
    </h2>
    <p class="credit">${countText(listed)} listed of ${countText(kept)} kept. Taken for ${confusions(photos, 3)}</p>
  </li> `;
}

/** The top of a class's section, which the caller fills and closes. */
export function classHead(
  { wnid, name, synonyms, candidates, photos }: SheetClass,
  { href, mode }: { readonly href: string; readonly mode: Mode },
): Html {
  const { kept, listed, leftOut } = countShortlist(photos);
  const anchor = classAnchor(wnid);
  const gloss = synonyms.filter((synonym) => synonym !== name).join(', ');
  // A class of one or two photos takes one or two places in the page's grid, not a row of its own.
  const few = photos.length <= 2 ? ` few few-${photos.length}` : '';
  return html`<section class="class${few}" id="${anchor}" aria-labelledby="${anchor}-name">
    <header>
      <h2 id="${anchor}-name"><bdi>${name}</bdi> <code>${wnid}</code></h2>
      <a class="to-contents" href="${href}">${WORDS[mode].title}</a>
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
function confusions(photos: readonly SheetPhoto[], atMost = NAMES_AT_MOST): string {
  const counts = new Map<string, number>();
  for (const { state, confusionName } of photos) {
    if (state === 'listed') counts.set(confusionName, (counts.get(confusionName) ?? 0) + 1);
  }
  // A stable sort: equal counts stay in the order of rank.
  const ordered = [...counts].toSorted(([, a], [, b]) => b - a);
  return someOf(
    ordered.map(([name, count]) => `${name} ${countText(count)}`),
    atMost,
  );
}

function someOf(texts: readonly string[], atMost = NAMES_AT_MOST): string {
  const rest = texts.length - atMost;
  return texts.slice(0, atMost).join(', ') + (rest > 0 ? ` and ${countText(rest)} more` : '');
}

export function hasPhotos({ photos }: SheetClass): boolean {
  return photos.length > 0;
}
