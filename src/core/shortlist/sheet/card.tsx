/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import type { Wnid } from '../../kernel/ids.ts';
import type { ShortlistPhoto } from '../shortlist.repository.ts';
import { Bar } from '../../page/bar.tsx';
import { Link, toHttpUrl } from '../../page/link.tsx';
import { probabilityText } from '../../kernel/texts.ts';
import { cardAnchor, shortSha256 } from './anchors.ts';
import type { Marks } from './modes.ts';

/** A shortlist row with the name of its predicted class. Texts are plain text from the source. Only http(s) URLs are linked. */
export type SheetPhoto = ShortlistPhoto & { readonly confusionName: string };

export interface CardContext {
  readonly wnid: Wnid;
  readonly className: string;
  readonly marks: Marks;
  readonly names: ReadonlyMap<Wnid, string>;
  /** The relative URL of another class's page; '' if it is this page. */
  readonly pageOf: (wnid: Wnid) => string;
}

interface CardProps {
  readonly photo: SheetPhoto;
  /** The thumbnail's URL, a `data:` URL on a sheet; `null` if there is none. */
  readonly src: string | null;
  readonly context: CardContext;
}

/** A listed photo, or a smaller card of one that was left out. */
export function Card({ photo, src, context }: CardProps) {
  const { wnid, className } = context;
  const isListed = photo.state === 'listed';
  return (
    <li class={isListed ? 'card' : 'card small'} id={isListed ? cardAnchor(wnid, photo.sha256) : undefined}>
      <Picture photo={photo} src={src} className={className} />
      {isListed ? (
        <span class="rank" title="Rank">
          {photo.rank}
        </span>
      ) : (
        <p class="reason">
          <Reason photo={photo} wnid={wnid} />
        </p>
      )}
      <Probabilities photo={photo} context={context} hasBars={isListed} />
      <AlsoIn photo={photo} context={context} />
      <Credit photo={photo} />
    </li>
  );
}

interface ProbabilitiesProps extends Pick<CardProps, 'photo' | 'context'> {
  readonly hasBars: boolean;
}

function Probabilities({ photo, context, hasBars }: ProbabilitiesProps) {
  const { maxTrueProb, confusionProb, confusionName } = photo;
  const { className, marks } = context;
  return (
    <dl class="probabilities">
      <div class="searched">
        <dt>
          <span class="unseen">Searched as </span>
          <Name text={className} />
        </dt>
        <dd>
          {maxTrueProb === null ? null : <Probability of={maxTrueProb} />}
          {hasBars && maxTrueProb !== null ? <Bar kind="searched" ratio={maxTrueProb} mark={marks.searched} /> : null}
        </dd>
      </div>
      <div class="predicted">
        <dt>
          <span class="unseen">Predicted class </span>
          <Name text={confusionName} />
        </dt>
        <dd>
          <Probability of={confusionProb} />
          {hasBars ? <Bar kind="predicted" ratio={confusionProb} mark={marks.predicted} /> : null}
        </dd>
      </div>
    </dl>
  );
}

interface PictureProps extends Pick<CardProps, 'photo' | 'src'> {
  readonly className: string;
}

export function Picture({ photo, src, className }: PictureProps) {
  if (src === null) {
    return (
      <div class="frame">
        <span>no picture</span>
      </div>
    );
  }
  const alt = `Photo searched as ${className}, taken by the models for ${photo.confusionName}`;
  return (
    <div class="frame">
      <img alt={alt} decoding="async" src={src} />
    </div>
  );
}

/** `bdi` keeps a right-to-left name from reordering the text around it. */
export function Name({ text }: { readonly text: string }) {
  return <bdi>{text}</bdi>;
}

function Probability({ of }: { readonly of: number }) {
  return <data value={of}>{probabilityText(of)}</data>;
}

function Reason({ photo, wnid }: { readonly photo: SheetPhoto; readonly wnid: Wnid }) {
  if (photo.reason === 'target') return <>The class has enough photos for its target</>;
  if (photo.reason === 'cap' || photo.twinSha256 === null) return <>Over the cap</>;
  return (
    <>
      {photo.twinBy === 'cosine' ? 'Near-duplicate by its features' : 'Near-duplicate'} of{' '}
      <a href={`#${cardAnchor(wnid, photo.twinSha256)}`}>
        <code>{shortSha256(photo.twinSha256)}</code>
      </a>
    </>
  );
}

/** Links to the photo's other cards. A class that is not on this sheet is named by its wnid. */
function AlsoIn({ photo, context }: Pick<CardProps, 'photo' | 'context'>) {
  if (photo.alsoIn.length === 0) return null;
  const links = photo.alsoIn.map((wnid, i): ComponentChildren => {
    const name = context.names.get(wnid);
    const other =
      name === undefined ? (
        wnid
      ) : (
        <a href={`${context.pageOf(wnid)}#${cardAnchor(wnid, photo.sha256)}`}>
          <Name text={name} />
        </a>
      );
    return i === 0 ? other : [', ', other];
  });
  return <p class="also-in">Also listed under {links}</p>;
}

function Credit({ photo }: Pick<CardProps, 'photo'>) {
  const { sha256, rights } = photo;
  const { source, sourceId, pageUrl, creator, licence, licenceUrl } = rights;
  return (
    <p class="credit">
      <span class="creator">
        <Name text={creator ?? 'unknown creator'} />
      </span>
      , <Link url={toHttpUrl(licenceUrl) ?? licence}>{licence}</Link>.{' '}
      <span title={`${source}:${sourceId}`}>
        <Link url={pageUrl}>{source}</Link> <Name text={fileNameOf(sourceId)} />
      </span>
      , <code title={sha256}>{shortSha256(sha256)}</code>
    </p>
  );
}

/** The last part of a path, without the hash at the end of a folder's ids. A site's photo number is unchanged. */
function fileNameOf(sourceId: string): string {
  return sourceId.replace(/@(?:[0-9a-f]{16}|-)$/, '').replace(/^.*\//s, '');
}
