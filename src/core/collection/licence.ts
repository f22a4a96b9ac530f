import { didYouMean } from '../tools/nearest.ts';
import { quote } from '../tools/quote.ts';
import { UsageError } from '../kernel/errors.ts';

/**
 * Maps the licences that sources write to one id: the SPDX id (https://spdx.org/licenses) if there is one, otherwise
 * `Public-Domain`, `all-rights-reserved` or `unknown`. Text that is not recognised stays as the source wrote it. A wrong
 * guess would be worse than an id that no rule allows.
 */
export interface Licence {
  readonly id: string;
  /** The address of the licence's text. Null for expressions, unversioned Creative Commons and unknown ids. */
  readonly url: string | null;
}

export const UNKNOWN_LICENCE = 'unknown';

/** Ids outside Creative Commons' numbered licences and the GNU family. Their address is their page at SPDX. */
const SPDX_IDS = (
  '0BSD Apache-1.1 Apache-2.0 Artistic-2.0 BSD-2-Clause BSD-3-Clause BSL-1.0 CC-PDDC CC-SA-1.0 CDLA-Permissive-1.0 ' +
  'CDLA-Permissive-2.0 CDLA-Sharing-1.0 CECILL-1.0 CECILL-1.1 CECILL-2.0 CECILL-2.1 CECILL-B CECILL-C DL-DE-BY-2.0 ' +
  'DL-DE-ZERO-2.0 EPL-2.0 etalab-2.0 EUPL-1.1 EUPL-1.2 ISC LAL-1.2 LAL-1.3 MIT MPL-1.1 MPL-2.0 NLOD-1.0 NLOD-2.0 ' +
  'ODbL-1.0 ODC-By-1.0 OFL-1.1 OGL-UK-1.0 OGL-UK-2.0 OGL-UK-3.0 PDDL-1.0 Unlicense WTFPL Zlib'
).split(' ');

/** The public domain tools, names without a version (which sources use and SPDX does not list), and words for no licence. */
const OTHER_IDS: readonly Licence[] = [
  { id: 'CC0-1.0', url: 'https://creativecommons.org/publicdomain/zero/1.0/' },
  { id: 'CC-PDM-1.0', url: 'https://creativecommons.org/publicdomain/mark/1.0/' },
  { id: 'GPL', url: 'https://www.gnu.org/licenses/gpl.html' },
  { id: 'LGPL', url: 'https://www.gnu.org/licenses/lgpl.html' },
  { id: 'AGPL', url: 'https://www.gnu.org/licenses/agpl.html' },
  { id: 'GFDL', url: 'https://www.gnu.org/licenses/fdl.html' },
  { id: 'CECILL', url: 'https://cecill.info/licences.en.html' },
  { id: 'Copyrighted-free-use', url: 'https://commons.wikimedia.org/wiki/Template:Copyrighted_free_use' },
  { id: 'Public-Domain', url: null },
  { id: 'all-rights-reserved', url: null },
  { id: UNKNOWN_LICENCE, url: null },
];

/** Other spellings of whole texts, and the addresses of Creative Commons' tools (the path, without a slash at the end). */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['noassertion', UNKNOWN_LICENCE],
  ['pd', 'Public-Domain'],
  ['public domain', 'Public-Domain'],
  ['cc-pd', 'Public-Domain'],
  ['pdm', 'CC-PDM-1.0'],
  ['fal', 'LAL-1.3'],
  ['fal-1.3', 'LAL-1.3'],
  ['free art license 1.3', 'LAL-1.3'],
  ['ogl 3', 'OGL-UK-3.0'],
  ['copyrighted free use', 'Copyrighted-free-use'],
  ['apache 2.0', 'Apache-2.0'],
  ['apache license 2.0', 'Apache-2.0'],
  ['mit license', 'MIT'],
  ['publicdomain/zero/1.0', 'CC0-1.0'],
  ['publicdomain/mark/1.0', 'CC-PDM-1.0'],
  ['licenses/publicdomain', 'CC-PDDC'],
  ['licenses/sa/1.0', 'CC-SA-1.0'],
]);

const spdxPage = (id: string): string => `https://spdx.org/licenses/${id}.html`;

const BY_ID: ReadonlyMap<string, Licence> = new Map(
  [...SPDX_IDS.map((id): Licence => ({ id, url: spdxPage(id) })), ...OTHER_IDS].map((licence) => [
    licence.id.toLowerCase(),
    licence,
  ]),
);

function known(lower: string): Licence | null {
  return BY_ID.get((ALIASES.get(lower) ?? lower).toLowerCase()) ?? null;
}

/** Longer texts are not names of licences. The patterns below are fast only for short texts. */
const MAX_NAME_LENGTH = 500;

const CC_VERSIONS = new Set(['1.0', '2.0', '2.1', '2.5', '3.0', '4.0']);
const CC_CODES = new Set(['BY', 'BY-NC', 'BY-NC-ND', 'BY-NC-SA', 'BY-ND', 'BY-SA']);

/** Jurisdictions that have their own versions of the Creative Commons licences 1.0 to 3.0, as written in addresses. */
const CC_PORTS = new Set(
  (
    'am ar at au az be bg br ca ch cl cn co cr cz de dk ec ee eg es fi fr ge gr gt hk hr hu ie igo il in it jo jp kr lu ' +
    'mk mt mx my ng nl no nz pe ph pl pr pt ro rs scotland se sg si th tw ua ug uk us ve vn za'
  ).split(' '),
);

/**
 * Maps a source's licence text to one id and, if known, the licence's address.
 *
 * Recognised in any case: SPDX ids, GNU licences as SPDX and Debian write them, and Creative Commons as an id, in words or as
 * an address. An empty text, blanks and SPDX's NOASSERTION give `unknown`. An expression `A OR B` keeps its branches, each of
 * them normalised. Other expressions (`AND`, `WITH`, parentheses) stay as they are.
 */
export function normaliseLicence(text: string | null | undefined): Licence {
  const given = (text ?? '').trim();
  if (given === '') return { id: UNKNOWN_LICENCE, url: null };
  if (given.length > MAX_NAME_LENGTH) return { id: given, url: null };
  const branches = branchesOf(given);
  if (branches.length < 2) return normaliseOne(given);
  return { id: branches.map((branch) => normaliseOne(branch).id).join(' OR '), url: null };
}

/**
 * The ids, in lower case, that allow a normalised licence: a collection allows it if it lists one of them. An expression is
 * allowed if one of its branches is. The catalogue stores them for each licence (`storeLicences`). Longer texts are not
 * names of licences and have none.
 */
export function licenceChoices(licence: string): readonly string[] {
  if (licence.length > MAX_NAME_LENGTH) return [];
  return [...new Set([licence, ...branchesOf(licence)].map((id) => id.toLowerCase()))];
}

/** The licence that a person gives, normalised. @throws UsageError `unknown-licence` with the nearest id */
export function givenLicence(text: string, from: string): Licence {
  if (isKnownLicence(text)) return normaliseLicence(text);
  throw new UsageError(
    `Expected a licence, such as CC-BY-4.0, for ${from} but received ${quote(text)}.${didYouMean(text, suggestedIds())} Give an id of https://spdx.org/licenses, Public-Domain or all-rights-reserved.`,
    { code: 'unknown-licence' },
  );
}

/** Why a list of allowed licences should not have `text`: the end of a message, with the id that is meant. Null if it may. */
export function wrongLicenceText(text: string): string | null {
  const { id } = normaliseLicence(text);
  if (id.toLowerCase() !== text.toLowerCase()) return ` Did you mean '${id}'?`;
  // A source may write other licences in any way.
  const isLikeKnown = /^(?:cc|public|all|un)/i.test(text);
  return isLikeKnown && !isKnownLicence(text) ? didYouMean(text, suggestedIds()) : null;
}

/** The licence that a text names. Null if it is not recognised; `A OR B` is not. */
export function knownLicence(text: string): Licence | null {
  return text.length > MAX_NAME_LENGTH ? null : recognised(plain(text.trim()));
}

function isKnownLicence(text: string): boolean {
  return text.trim() !== '' && branchesOf(text.trim()).every((branch) => recognised(plain(branch)) !== null);
}

/** The ids of the table, and the Creative Commons licences that sources use most. */
function suggestedIds(): string[] {
  const ofCreativeCommons = [...CC_CODES].flatMap((code) => [`CC-${code}-2.0`, `CC-${code}-4.0`]);
  return [...ofCreativeCommons, ...[...BY_ID.values()].map(({ id }) => id)];
}

/** `unknown` is an ordinary id here. If people wrote the allowed ids, pass them through `normaliseLicence` first. */
export function isLicenceAllowed(licence: string, allowed: 'any' | readonly string[]): boolean {
  if (allowed === 'any') return true;
  const ids = new Set(allowed.map((id) => id.toLowerCase()));
  return licenceChoices(licence).some((id) => ids.has(id));
}

/**
 * Returns the branches of `A OR B`, or the whole text if it is anything else. Only the operator in upper case counts ("GPL
 * 2.0 or later" is one licence). Text with parentheses is not split, because a branch alone might not be a valid choice
 * there.
 */
export function branchesOf(text: string): readonly string[] {
  if (text.length > MAX_NAME_LENGTH || /[()]/.test(text)) return [text];
  const branches = text.split(/\s+OR\s+(?!LATER\b)/).map((branch) => branch.trim());
  return branches.some((branch) => /^(?:OR\b.*|.*\bOR|)$/s.test(branch)) ? [text] : branches;
}

function normaliseOne(given: string): Licence {
  return recognised(plain(given)) ?? { id: given, url: null };
}

function plain(text: string): string {
  return text.toLowerCase().replace(/\s+/g, ' ').replace(/\.$/, '');
}

function recognised(lower: string): Licence | null {
  return (
    known(lower) ??
    gnuLicence(lower) ??
    creativeCommonsAddress(lower) ??
    spdxAddress(lower) ??
    creativeCommonsWords(lower) ??
    reserved(lower)
  );
}

const GNU_VERSIONS = new Set(
  'gpl-1.0 gpl-2.0 gpl-3.0 lgpl-2.0 lgpl-2.1 lgpl-3.0 agpl-1.0 agpl-3.0 gfdl-1.1 gfdl-1.2 gfdl-1.3'.split(' '),
);

/** GPL-2.0-or-later and its other spellings: GPL-2.0+ (SPDX until 2017), GPL-2+ (Debian), GPLv2 or later. */
function gnuLicence(lower: string): Licence | null {
  const match = /^(gpl|lgpl|agpl|gfdl)[ -]?v?(\d)(?:\.(\d))?(-(?:no-)?invariants)?(\+|[ -]or[ -]later|-only)?$/.exec(
    lower,
  );
  if (match === null) return null;
  const [, family = '', major = '', minor = '0', invariants = '', suffix = ''] = match;
  const version = `${family}-${major}.${minor}`;
  if (!GNU_VERSIONS.has(version) || (invariants !== '' && family !== 'gfdl')) return null;
  const ending = suffix === '' || suffix === '-only' ? 'only' : 'or-later';
  const id = `${version.toUpperCase()}${invariants}-${ending}`;
  return { id, url: spdxPage(id) };
}

function spdxAddress(lower: string): Licence | null {
  const id = /^(?:https?:)?\/\/(?:www\.)?spdx\.org\/licenses\/([a-z0-9.+-]+?)(?:\.html|\.json)?\/?$/.exec(lower)?.[1];
  return id === undefined ? null : (known(id) ?? gnuLicence(id) ?? creativeCommonsWords(id));
}

/** creativecommons.org/licenses/<code>/<version>/<port>/, with any protocol before it and any file or language after it. */
function creativeCommonsAddress(lower: string): Licence | null {
  const path = /^(?:(?:https?:)?\/\/)?(?:www\.)?creativecommons\.org\/([^?#]*)/.exec(lower)?.[1];
  if (path === undefined) return null;
  const [folder = '', code = '', version = '', next = ''] = path.split('/');
  const tool = known(`${folder}/${code}/${version}`) ?? known(`${folder}/${code}`);
  if (tool !== null || folder !== 'licenses') return tool;
  return creativeCommons({ elements: code.split('-'), version, port: CC_PORTS.has(next) ? next : '' });
}

/** Words of full names that do not distinguish licences. */
const FILLERS = new Set('license licence international unported generic universal'.split(' '));
const CC0_WORDS = new Set([...FILLERS, ...'cc cc0 0 zero 1.0 public domain dedication'.split(' ')]);
const PDM_WORDS = new Set([...FILLERS, ...'cc pdm 1.0 public domain mark'.split(' ')]);

/** "CC BY-SA 3.0 DE", "Creative Commons Attribution-NonCommercial 4.0 International", "CC0 1.0 Universal", ... */
function creativeCommonsWords(lower: string): Licence | null {
  const words = lower
    .replace(/creative[ -]commons/g, 'cc')
    .replace(/non[ -]?commercial/g, 'nc')
    .replace(/share[ -]?alike/g, 'sa')
    .replace(/no[ -]?deriv(?:ative)?s?(?: works)?/g, 'nd')
    .replace(/attribution/g, 'by')
    .split(/[\s\-_/,()\u2010-\u2015]+/)
    .filter((word) => word !== '');
  const only = (allowed: ReadonlySet<string>): boolean => words.every((word) => allowed.has(word));
  if (only(CC0_WORDS) && /\bcc ?(?:0|zero)\b/.test(words.join(' '))) return known('cc0-1.0');
  if (only(PDM_WORDS) && /\b(?:pdm|public domain mark)\b/.test(words.join(' '))) return known('pdm');
  return creativeCommonsElements(words);
}

/** `cc`? elements version? port?, in this order and nothing else. "attribution" alone is an ordinary word, not a licence. */
function creativeCommonsElements(words: readonly string[]): Licence | null {
  const match = /^(cc )?((?:(?:by|nc|nd|sa) )+)(?:v?([1-4](?:\.\d)?) )?(?:([a-z]+) )?$/.exec(
    words
      .filter((word) => !FILLERS.has(word))
      .map((word) => `${word} `)
      .join(''),
  );
  if (match === null) return null;
  const [, cc = '', elementWords = '', number = '', port = ''] = match;
  const elements = elementWords.trim().split(' ');
  if (cc === '' && number === '' && elements.length < 2) return null;
  if (port !== '' && !CC_PORTS.has(port)) return null;
  return creativeCommons({ elements, version: number.length === 1 ? `${number}.0` : number, port });
}

interface CreativeCommonsParts {
  readonly elements: readonly string[];
  /** '' if the source states none. */
  readonly version: string;
  /** '' for the generic or international licence. */
  readonly port: string;
}

function creativeCommons({ elements, version, port }: CreativeCommonsParts): Licence | null {
  // SPDX orders the elements alphabetically, with BY first. The addresses use the same order, except those of 1.0.
  const code = [...elements].toSorted().join('-').toUpperCase();
  if (!CC_CODES.has(code)) return null;
  if (version === '') return port === '' ? { id: `CC-${code}`, url: null } : null;
  if (!CC_VERSIONS.has(version) || (port !== '' && version === '4.0')) return null;
  const id = ['CC', code, version, port.toUpperCase()].filter((part) => part !== '').join('-');
  const path = version === '1.0' ? code.replace('NC-ND', 'ND-NC') : code;
  const folders = [path.toLowerCase(), version, port].filter((part) => part !== '');
  return { id, url: `https://creativecommons.org/licenses/${folders.join('/')}/` };
}

function reserved(lower: string): Licence | null {
  return /^(?:©|\(c\)|copyright)?[\s\d,.-]*all[ -]rights[ -]reserved$/.test(lower)
    ? known('all-rights-reserved')
    : null;
}
