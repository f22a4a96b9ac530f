import { createHash } from 'node:crypto';
import { html, type Html } from './html.ts';

const COUNT = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

/** `81,413`. */
export function countText(count: number): string {
  return COUNT.format(count);
}

/** `11.0 %`, or a dash where the whole is nothing. */
export function shareText(part: number, whole: number): string {
  return whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : '–';
}

/** Three decimals; a smaller probability that is not nothing is told as such. */
export function probabilityText(probability: number): string {
  return probability > 0 && probability < 0.0005 ? '<0.001' : probability.toFixed(3);
}

/**
 * A horizontal bar, filled from the left. Drawn with SVG attributes because the page's policy refuses `style` attributes,
 * and because printers leave CSS backgrounds out. Decoration: the number always stands beside it as text.
 * `ratio` and `mark` (a thin line across) are 0..1 of the width.
 */
export function bar(kind: 'searched' | 'predicted' | 'funnel', ratio: number, mark?: number): Html {
  const line = mark === undefined ? null : html`<path class="mark" d="M${percent(mark)} 0V8" />`;
  return html`<svg class="bar ${kind}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
    <rect class="track" width="100" height="8" />
    <rect class="fill" width="${percent(ratio)}" height="8" />
    ${line}
  </svg>`;
}

function percent(ratio: number): string {
  return (100 * Math.min(Math.max(ratio, 0), 1)).toFixed(2);
}

/** The `id` of a class's section. */
export function classAnchor(wnid: string): string {
  return `class-${idPart(wnid)}`;
}

/**
 * The file of a class's page. Ids of a user's own may differ in case alone, which some file systems do not tell apart:
 * those with capitals carry their bytes, or, if there are more than a name has room for, a hash of them. So do those that
 * would else look like it.
 */
export function classFile(wnid: string): string {
  if (/^[a-z0-9_-]+$/.test(wnid) && !/-(?:[0-9a-f]{2})+$/.test(wnid)) return `class-${wnid}.html`;
  const bytes = Buffer.from(wnid);
  const shown = bytes.length <= MAX_BYTES_SHOWN ? bytes : createHash('sha256').update(bytes).digest();
  return `class-${wnid.replaceAll(/\W/g, '_').slice(0, 64)}-${shown.toString('hex')}.html`;
}

/** Two digits each, with all else below the 255 bytes that file systems allow for a name. */
const MAX_BYTES_SHOWN = 64;

/** The `id` of a photo's card; a photo may stand in several classes. */
export function cardAnchor(wnid: string, sha256: string): string {
  return `photo-${idPart(wnid)}-${shortSha256(sha256)}`;
}

/** The first 12 digits: enough to find a photo again, short enough to read. */
export function shortSha256(sha256: string): string {
  return sha256.slice(0, 12);
}

/** A wnid as it is; an `id` has no blanks, and custom collections may name classes with any text. */
function idPart(wnid: string): string {
  return /^\w+$/.test(wnid) ? wnid : `-${Buffer.from(wnid).toString('hex')}`;
}
