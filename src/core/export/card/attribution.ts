import { photoPath } from '../layout.ts';
import { stringify } from 'csv-stringify/sync';
import type { PictureChange } from '../../kernel/picture-change.ts';
import { oneLine } from '../../kernel/printable.ts';
import { UNKNOWN_LICENCE as UNKNOWN } from '../../collection/licence.ts';
import type { Rights } from '../../shortlist/photo-of-class.repository.ts';
import type { PhotoRow } from '../select/photo-row.ts';
import { licenceUrlOf } from '../select/rights.ts';

/** Texts that `pandas.read_csv` reads as missing by default (pandas 3.1.1, STR_NA_VALUES). */
const PANDAS_MISSING: ReadonlySet<string> = new Set(
  '|#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null'.split('|'),
);

/**
 * A creator as an export writes it: on one line, without control characters. An empty name becomes `unknown`. A name that
 * pandas takes for a missing value, such as `NA`, becomes `NA (name)`, because readers that use pandas would lose it. Quotes
 * around the cell do not help. Applying the function again changes nothing.
 */
export function creatorText(creator: string): string {
  const text = oneLine(creator.trim());
  if (text === '') return UNKNOWN;
  return PANDAS_MISSING.has(text) ? `${text} (name)` : text;
}

/** Beginnings of formulas, as `escape_formulas` of csv-stringify takes them: that option is for all columns of a table. */
const FORMULA = /^[-=+@\uFF0B\uFF0D\uFF1D\uFF20]/;

/** A creator as `attribution.csv` has it: an apostrophe before a name that a spreadsheet would run as a formula. */
function creatorCell(creator: string): string {
  const text = creatorText(creator);
  return FORMULA.test(text) ? `'${text}` : text;
}

/** An address that a browser can open, or '' for any other text, such as a file's path. */
export function webAddress(text: string): string {
  const url = URL.parse(text.trim());
  return url !== null && /^https?:$/.test(url.protocol) ? url.href : '';
}

/** The host and port of a web address; '' of others. */
export function webHost(address: string): string {
  return URL.parse(webAddress(address))?.host ?? '';
}

/** The texts of a source as the tables of an export have them. A known licence without an address gets `licenceUrlOf`. */
export function rightsTexts(
  said: Pick<Rights, 'creator' | 'pageUrl' | 'licence' | 'licenceUrl'>,
): Pick<PhotoRow, 'creator' | 'page_url' | 'license' | 'license_url'> {
  return {
    creator: creatorText(said.creator ?? ''),
    page_url: webAddress(said.pageUrl ?? ''),
    license: oneLine(said.licence.trim()) || UNKNOWN,
    license_url: webAddress(said.licenceUrl ?? '') || licenceUrlOf(said.licence),
  };
}

const CHANGES: Readonly<Record<PictureChange, string>> = {
  unchanged: 'unchanged',
  stripped: 'metadata removed, without other changes',
  reencoded: 'converted to an upright 8-bit RGB PNG, transparent parts on white, without other changes',
};

/** How the file of a row differs from the stored photo. For a PNG with other bytes, only its attribution line tells. */
export function changeOf(
  row: Pick<PhotoRow, 'sha256' | 'original_sha256' | 'file_name' | 'attribution'>,
): PictureChange {
  if (row.sha256 === row.original_sha256) return 'unchanged';
  return row.file_name.endsWith('.png') && !row.attribution.endsWith(CHANGES.stripped) ? 'reencoded' : 'stripped';
}

type Sizes = Pick<PhotoRow, 'width' | 'height' | 'original_width' | 'original_height'>;

/** How the file differs from the original at its source. A picture that was only turned upright is not scaled. */
function changesText(
  change: PictureChange,
  { width, height, original_width: from = 0, original_height = 0 }: Sizes,
): string {
  if (from <= width || original_height <= height) return CHANGES[change];
  const scaled = `scaled to ${width} px`;
  return change === 'unchanged' ? scaled : `${scaled}, ${CHANGES[change]}`;
}

const STATED = 'as the curator states';

/** True if the curator stated the licence of a row, because the source gives none. Only its attribution line tells. */
export function isStated(row: Parameters<typeof changeOf>[0] & Sizes): boolean {
  return row.attribution.endsWith(`, ${STATED}, ${changesText(changeOf(row), row)}`);
}

/** The facts from which the attribution of a row follows. */
export function creditOf(row: PhotoRow): Credit {
  return { ...row, change: changeOf(row), isStated: isStated(row) };
}

type Credit = Pick<PhotoRow, 'source' | 'source_id' | 'page_url' | 'creator' | 'license' | 'license_url'> &
  Sizes & {
    readonly change: PictureChange;
    readonly isStated?: boolean;
  };

/**
 * The line that people print beside a photo: title, author, source, licence (TASL) and changes, as Creative Commons asks in
 * "Recommended practices for attribution" and in section 3(a) of its licences 4.0. Sources give photos no title, so the
 * source's id stands for it.
 */
export function attributionText(credit: Credit): string {
  const { title, author, page, licence, licenceUrl, ending } = partsOf(credit);
  return `${title}${inBrackets(page)} by ${author}, ${licence}${inBrackets(licenceUrl)}, ${ending}`;
}

function partsOf(credit: Credit) {
  const { creator, page_url, license, license_url } = rightsTexts({
    creator: credit.creator,
    pageUrl: credit.page_url,
    licence: credit.license,
    licenceUrl: credit.license_url,
  });
  const changes = changesText(credit.change, credit);
  return {
    title: `Photo ${oneLine(credit.source_id)} from ${oneLine(credit.source)}`,
    author: creator === UNKNOWN ? 'an unknown creator' : creator,
    page: page_url,
    licence: license === UNKNOWN ? 'licence unknown' : `licence ${license}`,
    licenceUrl: license_url,
    changes,
    ending: `${credit.isStated === true ? `${STATED}, ` : ''}${changes}`,
  };
}

function inBrackets(address: string): string {
  return address === '' ? '' : ` (${address})`;
}

export const attributionCsvHeader =
  'file_name,id,wnid,class_name,source,source_id,source_page_url,source_url,creator,license,license_url,attribution,' +
  'changes,sha256,original_sha256\n';

/**
 * Lines of `attribution.csv` (RFC 4180, but with line feeds), one for each photo. `file_name` is relative to the folder of the
 * export. Each text is on one line. Addresses that are not http or https are ''. pandas reads each creator as text if
 * it is one (see `creatorText`), unless all creators of the file are numbers; `dtype=str` helps there.
 */
export function attributionCsvRows(rows: readonly PhotoRow[]): string {
  return stringify(rows.map(attributionCells), { record_delimiter: '\n' });
}

export function attributionCells(row: PhotoRow): string[] {
  const { page, licenceUrl, changes } = partsOf(creditOf(row));
  return [
    photoPath(row.file_name, row.split),
    row.id,
    row.wnid,
    row.class_name,
    row.source,
    row.source_id,
    page,
    webAddress(row.source_url),
    creatorCell(row.creator),
    row.license.trim() || UNKNOWN,
    licenceUrl,
    row.attribution,
    changes,
    row.sha256,
    row.original_sha256,
  ].map(oneLine);
}

export function attributionPageHeader(collection: string): string {
  return [
    `# Creators and licences of the photos: ${markdownText(collection)}`,
    '',
    'Each photo keeps its own licence. [LICENSES.md](LICENSES.md) says what the licences ask of you.',
    '[attribution.csv](attribution.csv) has the same facts as a table.',
    '',
  ].join('\n');
}

/** The line of a photo, below a heading if the photo before it has another folder. */
export function attributionPageEntry(row: PhotoRow, folderBefore: string | null): string {
  const heading = `\n## ${markdownText(row.class_name)} (${markdownText(row.wnid)})\n\n`;
  const { title, author, page, licence, licenceUrl, ending } = partsOf(creditOf(row));
  const file = markdownLink(row.id, photoPath(row.file_name, row.split));
  const rights = `${markdownLink(title, page)} by ${markdownText(author)}, ${markdownLink(licence, licenceUrl)}`;
  return `${row.wnid === folderBefore ? '' : heading}- ${file}: ${rights}, ${ending}\n`;
}

/** Characters that CommonMark, GitHub's tables and formulas, or HTML read as markup, and `:`, which ends `http` in a link. */
const MARKUP = /[\\`*_{}[\]()<>#|~!&$:]/g;

export function markdownText(text: string): string {
  return oneLine(text).replaceAll(MARKUP, String.raw`\$&`);
}

/** A link, or only the text if there is no address. An address cannot end the link early. */
export function markdownLink(text: string, address: string): string {
  if (address === '') return markdownText(text);
  const safe = address.replaceAll(/[\s()<>\\]/g, (character) =>
    encodeURIComponent(character).replace(/^[()]$/, (bracket) => `%${bracket.charCodeAt(0).toString(16)}`),
  );
  return `[${markdownText(text)}](${safe})`;
}
