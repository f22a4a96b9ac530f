/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import type { Wnid } from '../../kernel/ids.ts';
import type { ShortlistCounts } from '../shortlist.ts';
import { countOf, countText } from '../../kernel/texts.ts';
import { classAnchor } from './anchors.ts';
import { Name, Picture, type SheetPhoto } from './card.tsx';
import { Fact } from './header.tsx';
import { SUBJECTS, type Mode } from '../../kernel/mode.ts';
import { SHEET_TEXTS } from './modes.ts';

export interface SheetClass {
  readonly wnid: Wnid;
  readonly name: string;
  /** All names of the class; may include `name`. */
  readonly synonyms: readonly string[];
  /** Photos found for the class, before any filter. */
  readonly candidates: number;
  readonly photos: readonly SheetPhoto[];
}

export interface CountedClass extends SheetClass {
  readonly counts: ShortlistCounts;
}

const NAMES_AT_MOST = 12;

interface ContentsProps {
  readonly classes: readonly CountedClass[];
  readonly mode: Mode;
  readonly pageOf: (wnid: Wnid) => string;
}

export function Contents({ classes, mode, pageOf }: ContentsProps) {
  const { title } = SHEET_TEXTS[mode];
  return (
    <nav id="contents" aria-label={title}>
      <h2>
        {title} <small>with the number listed</small>
      </h2>
      <ul>
        {classes.filter(hasPhotos).map(({ wnid, name, counts }) => (
          <li key={wnid}>
            <a href={pageOf(wnid) === '' ? `#${classAnchor(wnid)}` : pageOf(wnid)}>
              <Name text={name} />
            </a>{' '}
            <span class="count">{countText(counts.listed)}</span>
          </li>
        ))}
      </ul>
      <EmptyClasses classes={classes.filter((sheetClass) => !hasPhotos(sheetClass))} mode={mode} />
    </nav>
  );
}

/** Names the classes that lost all their candidates. Classes without any candidate are only counted. */
function EmptyClasses({ classes, mode }: Pick<ContentsProps, 'classes' | 'mode'>) {
  if (classes.length === 0) return null;
  const { one, many } = SUBJECTS[mode];
  const tried = classes.filter(({ candidates }) => candidates > 0);
  const untried = classes.length - tried.length;
  const candidates = tried.reduce((sum, sheetClass) => sum + sheetClass.candidates, 0);
  const names = someOf(tried.map(({ name }) => name));
  const gone = `Nothing kept of ${countOf(candidates, 'candidate')} in ${countOf(tried.length, one, many)}: ${names}. `;
  return (
    <p class="rest">
      {tried.length === 0 ? null : gone}
      {untried === 0 ? null : `No candidates in ${countOf(untried, one, many)}.`}
    </p>
  );
}

interface TileProps {
  readonly sheetClass: CountedClass;
  readonly src: string | null;
  readonly page: string;
}

export function ClassTile({ sheetClass: { name, photos, counts }, src, page }: TileProps) {
  const [first] = photos;
  return (
    <li class="card tile">
      <a href={page} tabIndex={-1} aria-hidden="true">
        {first === undefined ? null : <Picture photo={first} src={src} className={name} />}
      </a>
      <h2>
        <a href={page}>
          <Name text={name} />
        </a>
      </h2>
      <p class="credit">
        {countText(counts.listed)} listed of {countText(counts.kept)} kept. Taken for {confusions(photos, 3)}
      </p>
    </li>
  );
}

interface SectionProps {
  readonly sheetClass: CountedClass;
  readonly href: string;
  readonly mode: Mode;
  readonly children: ComponentChildren;
}

export function ClassSection({ sheetClass, href, mode, children }: SectionProps) {
  const { wnid, name, synonyms, candidates, photos, counts } = sheetClass;
  const anchor = classAnchor(wnid);
  // A class of one or two photos takes one or two places in the page's grid, not a row of its own.
  const few = photos.length <= 2 ? ` few few-${photos.length}` : '';
  return (
    <section class={`class${few}`} id={anchor} aria-labelledby={`${anchor}-name`}>
      <header>
        <h2 id={`${anchor}-name`}>
          <Name text={name} /> <code>{wnid}</code>
        </h2>
        <a class="to-contents" href={href}>
          {SHEET_TEXTS[mode].title}
        </a>
        <p class="gloss">{synonyms.filter((synonym) => synonym !== name).join(', ')}</p>
        <dl class="counts">
          <Fact name="candidates">{countText(candidates)}</Fact>
          <Fact name="kept">{countText(counts.kept)}</Fact>
          <Fact name="listed">{countText(counts.listed)}</Fact>
          <Fact name="over the cap">{countText(counts.leftOut.cap)}</Fact>
          <Fact name="near-duplicates">{countText(counts.leftOut.nearDuplicate)}</Fact>
          {counts.leftOut.target === 0 ? null : <Fact name="past the target">{countText(counts.leftOut.target)}</Fact>}
        </dl>
        <p class="confusions">Taken for {confusions(photos)}</p>
      </header>
      {children}
    </section>
  );
}

interface LeftOutProps {
  readonly className: string;
  readonly count: number;
  readonly rest: number;
  readonly children: ComponentChildren;
}

export function LeftOut({ className, count, rest, children }: LeftOutProps) {
  return (
    <details>
      <summary>
        {countText(count)} left out of <Name text={className} />
      </summary>
      <ol class="grid small">{children}</ol>
      {rest === 0 ? null : <p class="rest">And {countText(rest)} more, all of them in shortlist.csv.</p>}
    </details>
  );
}

function confusions(photos: readonly SheetPhoto[], atMost = NAMES_AT_MOST): string {
  const counts = new Map<string, number>();
  for (const { state, confusionName } of photos) {
    if (state === 'listed') counts.set(confusionName, (counts.get(confusionName) ?? 0) + 1);
  }
  // The sort is stable, so equal counts stay in rank order.
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
