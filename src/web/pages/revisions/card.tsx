/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import { Bar } from '../../../core/page/bar.tsx';
import { pathOf } from '../../../core/page/frame.tsx';
import { Link } from '../../../core/page/link.tsx';
import { WideTable } from '../../../core/page/wide-table.tsx';
import { bytesText, countOf, countText, fewPhotosText, shareText } from '../../../core/kernel/texts.ts';
import type { RevisionChanges, RevisionView } from '../../../core/export/revisions/revision.ts';
import { Verified, type VerifiedProps } from './verified.tsx';

interface CardProps {
  readonly collection: string;
  readonly revision: RevisionView;
  readonly canVerify: boolean;
}

/** The same as `shortId` of the export. */
const SHOWN_DIGITS = 12;

export function RevisionCard({ collection, revision, canVerify }: CardProps) {
  const { id, photos, bytes, madeAt, covers, protocol, folder, takenDown } = revision;
  const short = id.slice(0, SHOWN_DIGITS);
  const base = `${pathOf(collection)}revisions/${short}`;
  const left = protocol.leftOut.map(({ reason, count }) => ({ name: reason, url: null, count }));
  return (
    <article class="revision" id={`r-${short}`} aria-labelledby={`name-${short}`}>
      <header>
        <h2 id={`name-${short}`}>
          <code>{short}</code>
        </h2>
        <time dateTime={madeAt}>{madeAt.slice(0, 10)} UTC</time>
        {folder === 'there' ? <Files base={base} short={short} bytes={takenDown === 0 ? bytes : null} /> : null}
      </header>
      <Covers photos={covers} />
      <Sums revision={revision} />
      <TakenDown photos={takenDown} />
      <Changes changes={revision.changes} />
      <div class="tallies">
        <Tally
          name="Licences"
          kind="searched"
          whole={photos}
          rows={protocol.licences.map(({ licence, url, photos: count }) => ({ name: licence, url, count }))}
        />
        <Tally name="Left out" kind="funnel" whole={null} rows={left} />
      </div>
      <Facts {...{ base, revision, canVerify }} />
    </article>
  );
}

function Sums({ revision: { photos, classes, bytes } }: Pick<CardProps, 'revision'>) {
  return (
    <p class="sums">
      <span>
        <b>{countText(photos)}</b> {photos === 1 ? 'photo' : 'photos'}
      </span>{' '}
      <span>
        <b>{countText(classes)}</b> {classes === 1 ? 'class' : 'classes'}
      </span>{' '}
      <span>
        <b>{bytesText(bytes)}</b>
      </span>
    </p>
  );
}

function TakenDown({ photos }: { readonly photos: number }) {
  if (photos === 0) return null;
  return (
    <p class="warn">
      {countOf(photos, 'photo')} of it {photos === 1 ? 'was' : 'were'} taken down since, so it is not for download.
      Export again: the next revision leaves {photos === 1 ? 'it' : 'them'} out.
    </p>
  );
}

function Facts({ base, revision, canVerify }: VerifiedProps) {
  const { id, path, protocol, folder } = revision;
  const { length: tombstones } = protocol.tombstones;
  return (
    <dl class="facts">
      <Fact name="Verified">
        <Verified {...{ base, revision, canVerify }} />
      </Fact>
      <Fact name="Folder">
        <code>{path}</code> {folder === 'there' ? null : <span class="warn">{FOLDER_TEXTS[folder]}</span>}
      </Fact>
      <Fact name="Id">
        <code>{id}</code>
      </Fact>
      <Fact name="Forms">{formsOf(revision)}</Fact>
      <Fact name="Agreement">{agreementText(protocol.review.agreement)}</Fact>
      <Fact name="Tombstones">
        {tombstones === 0 ? 'none' : `${countOf(tombstones, 'photo')} of earlier revisions`}
      </Fact>
    </dl>
  );
}

const FOLDER_TEXTS = {
  gone: 'is not on this machine',
  other: 'has something else by now',
} as const;

interface FilesProps {
  readonly base: string;
  readonly short: string;
  readonly bytes: number | null;
}

function Files({ base, short, bytes }: FilesProps) {
  return (
    <nav aria-label={`Files of ${short}`}>
      <a href={`${base}/README.md`}>card</a>
      <a href={`${base}/protocol.json`}>protocol.json</a>
      {bytes === null ? null : (
        <a class="button chosen" href={`${base}/revision.tar`} download>
          Download tar, {bytesText(bytes)}
        </a>
      )}
    </nav>
  );
}

function Covers({ photos }: { readonly photos: readonly string[] }) {
  if (photos.length === 0) return null;
  return (
    <div class="covers">
      {photos.map((photo) => (
        <img key={photo} src={`/thumbnails/${photo}`} alt="" loading="lazy" />
      ))}
    </div>
  );
}

function Changes({ changes }: { readonly changes: RevisionChanges | null }) {
  if (changes === null) return <p class="quiet">The first revision</p>;
  const { since, added, removed, classes } = changes;
  const sums = (
    <>
      <b class="added">+{countText(added)}</b> <b class="removed">-{countText(removed)}</b>{' '}
      <span class="quiet">since {since}</span>
    </>
  );
  if (classes.length === 0) return <p class="changes">{sums}</p>;
  return (
    <details class="changes">
      <summary>
        {sums}
        <span class="quiet">, in {countOf(classes.length, 'class', 'classes')}</span>
      </summary>
      <WideTable
        label={`Changes since ${since} by class`}
        heads={['class, and why', 'added', 'removed']}
        rows={classes.map((one) => ({
          key: one.wnid,
          head: (
            <>
              <bdi>{one.name}</bdi> <code>{one.wnid}</code>
              <small>{one.why}</small>
            </>
          ),
          cells: [
            one.added === 0 ? null : <span class="added">+{countText(one.added)}</span>,
            one.removed === 0 ? null : <span class="removed">-{countText(one.removed)}</span>,
          ],
        }))}
      />
    </details>
  );
}

interface TallyProps {
  readonly name: string;
  readonly kind: 'searched' | 'funnel';
  readonly whole: number | null;
  readonly rows: readonly { readonly name: string; readonly url: string | null; readonly count: number }[];
}

function Tally({ name, kind, whole, rows }: TallyProps) {
  const sorted = rows.toSorted((a, b) => b.count - a.count);
  const most = Math.max(1, ...rows.map(({ count }) => count));
  return (
    <section>
      <h3>{name}</h3>
      {rows.length === 0 ? <p class="quiet">none</p> : null}
      <ul class={whole === null ? 'tally' : 'tally shares'}>
        {sorted.map((row) => (
          <li key={row.name}>
            <span class="of">
              <Link url={row.url}>{row.name}</Link>
            </span>
            <span class="count">{countText(row.count)}</span>
            <Bar kind={kind} ratio={row.count / most} />
            {whole === null ? null : <span class="share">{shareText(row.count, whole)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** `Cohen's kappa 0.82 (0.70 to 0.91), 93.2 % the same verdict, on 120 photos with two blind verdicts` */
function agreementText(agreement: RevisionView['protocol']['review']['agreement']): string {
  const { photos, percent, cohenKappa, cohenKappaLow: low, cohenKappaHigh: high } = agreement;
  if (photos === 0 || percent === null) return 'no photo has two blind verdicts';
  const interval = low === null || high === null ? '' : ` (${low.toFixed(2)} to ${high.toFixed(2)})`;
  const kappa = cohenKappa === null ? '' : `Cohen’s kappa ${cohenKappa.toFixed(2)}${interval}, `;
  const text = `${kappa}${percent.toFixed(1)} % the same verdict, on ${countOf(photos, 'photo')} with two blind verdicts`;
  const few = fewPhotosText({ photos });
  return few === null ? text : `${text}. ${few}`;
}

const FORM_NAMES = { webdataset: 'WebDataset', coco: 'COCO', parquet: 'Parquet' } as const;

function formsOf({ protocol: { options } }: RevisionView): string {
  return [
    options.pixels ? 'folder of photos' : 'links without photos',
    ...options.formats.map((format) => FORM_NAMES[format]),
    ...(options.thumbnails ? ['thumbnails'] : []),
    ...(options.names === 'imagenet-a' ? ['names as in ImageNet-A'] : []),
  ].join(', ');
}
