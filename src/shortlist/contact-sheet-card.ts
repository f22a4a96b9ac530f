import type { Wnid } from '../kernel/ids.ts';
import { bar, cardAnchor, probabilityText, shortSha256 } from './contact-sheet-parts.ts';
import { html, link, toHttpUrl, trustedHtml, type Html } from './html.ts';
import type { ListedPhoto } from './shortlist.repository.ts';

/** A row of the shortlist with what its card says besides. Texts are plain text, as the source gave them; addresses are linked if http(s). */
export interface SheetPhoto extends ListedPhoto {
  /** The predicted class, by name. */
  readonly confusionName: string;
}

/** What the cards of one class have in common. */
export interface CardContext {
  readonly wnid: Wnid;
  readonly className: string;
  /** Mode A: policy.threshold, 0..1, the mark across the bars of the class searched as. Mode O: policy.minConfidence, of the other bars. */
  readonly mode: 'A' | 'O';
  readonly mark: number;
  /** The names of the classes on the sheet. */
  readonly names: ReadonlyMap<Wnid, string>;
  /** The page of another class, seen from this one; '' if it is the same. */
  readonly pageOf: (wnid: Wnid) => string;
}

/** `thumbnail`: JPEG bytes, or null if there is none. */
export function listedCard(photo: SheetPhoto, thumbnail: Uint8Array | null, context: CardContext): Html {
  const { mode, mark } = context;
  const bars = {
    ofSearched: photo.maxTrueProb === null ? null : bar('searched', photo.maxTrueProb, mark),
    ofPredicted: bar('predicted', photo.confusionProb, mode === 'O' ? mark : undefined),
  };
  return html`<li class="card" id="${cardAnchor(context.wnid, photo.sha256)}">
    ${frame(photo, thumbnail, context)}
    <span class="rank" title="Rank">${photo.rank}</span>
    ${probabilities(photo, context, bars)} ${alsoIn(photo, context)} ${credit(photo)}
  </li> `;
}

/** A smaller card that opens with the reason and has no bars. */
export function leftOutCard(photo: SheetPhoto, thumbnail: Uint8Array | null, context: CardContext): Html {
  return html`<li class="card small">
    ${frame(photo, thumbnail, context)}
    <p class="reason">${reason(photo, context)}</p>
    ${probabilities(photo, context, { ofSearched: null, ofPredicted: null })} ${alsoIn(photo, context)} ${credit(photo)}
  </li> `;
}

interface Bars {
  readonly ofSearched: Html | null;
  readonly ofPredicted: Html | null;
}

function probabilities(photo: SheetPhoto, { className }: CardContext, bars: Bars): Html {
  return html`<dl class="probabilities">
    <div class="searched">
      <dt><span class="unseen">Searched as </span>${name(className)}</dt>
      <dd>${photo.maxTrueProb === null ? null : probability(photo.maxTrueProb)}</dd>
      ${bars.ofSearched}
    </div>
    <div class="predicted">
      <dt><span class="unseen">Predicted class </span>${name(photo.confusionName)}</dt>
      <dd>${probability(photo.confusionProb)}</dd>
      ${bars.ofPredicted}
    </div>
  </dl>`;
}

/** The picture, with what it is taken for as its text. */
export function frame(
  photo: SheetPhoto,
  thumbnail: Uint8Array | null,
  { className }: Pick<CardContext, 'className'>,
): Html {
  if (thumbnail === null) return html`<div class="frame"><span>no picture</span></div>`;
  const base64 = trustedHtml(Buffer.from(thumbnail).toString('base64'));
  const alt = `Photo searched as ${className}, taken by the models for ${photo.confusionName}`;
  return html`<div class="frame"><img alt="${alt}" decoding="async" src="data:image/jpeg;base64,${base64}" /></div>`;
}

/** Names come from anywhere: `bdi` keeps a right-to-left one from reordering its neighbours. */
function name(text: string): Html {
  return html`<bdi>${text}</bdi>`;
}

function probability(value: number): Html {
  return html`<data value="${value}">${probabilityText(value)}</data>`;
}

function reason(photo: SheetPhoto, { wnid }: CardContext): Html {
  if (photo.reason === 'cap' || photo.twinSha256 === null) return html`Over the cap`;
  const anchor = cardAnchor(wnid, photo.twinSha256);
  return html`${photo.twinBy === 'cosine' ? 'Near-duplicate by its features' : 'Near-duplicate'} of
    <a href="#${anchor}"><code>${shortSha256(photo.twinSha256)}</code></a>`;
}

/** Links to the photo's other cards; a class that is not on this sheet is told by its wnid. */
function alsoIn(photo: SheetPhoto, { names, pageOf }: CardContext): Html | null {
  if (photo.alsoIn.length === 0) return null;
  const links = photo.alsoIn.map((wnid, i) => {
    const otherName = names.get(wnid);
    const anchor = cardAnchor(wnid, photo.sha256);
    const other =
      otherName === undefined ? html`${wnid}` : html`<a href="${pageOf(wnid)}#${anchor}">${name(otherName)}</a>`;
    return i === 0 ? other : html`, ${other}`;
  });
  return html`<p class="also-in">Also listed under ${links}</p>`;
}

function credit(photo: SheetPhoto): Html {
  const origin = `${photo.source}:${photo.sourceId}`;
  const licence = link(toHttpUrl(photo.licenceUrl) ?? photo.licence, photo.licence);
  return html`<p class="credit">
    <span class="creator">${name(photo.creator ?? 'unknown creator')}</span>, ${licence}.
    <span title="${origin}">${link(photo.pageUrl, photo.source)} ${name(fileNameOf(photo.sourceId))}</span>,
    <code title="${photo.sha256}">${shortSha256(photo.sha256)}</code>
  </p>`;
}

/** The last part of a path, without the digits of the hash that a folder's ids end with; a site's number as it is. */
function fileNameOf(sourceId: string): string {
  return sourceId.replace(/@(?:[0-9a-f]{16}|-)$/, '').replace(/^.*\//s, '');
}
