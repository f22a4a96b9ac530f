import type { ClassPage, ReviewSetup } from '../../review/desk/desk.ts';
import { Link } from '../../page/link.tsx';
import { countText } from '../../kernel/texts.ts';
import { PageFrame, useAnswer } from './class-page-frame.tsx';
import { acceptedText, ProgressBar } from './classes-bar.tsx';
import { Criteria } from './criteria.tsx';
import type { ReviewSession } from './session.ts';
import { useSession, type PageProps } from './use-session.ts';
import { hrefOf } from './view-url.ts';
import { WideTable } from './wide-table.tsx';

/** One class: `class/WNID`. */
export function OneClassPage({ session, match }: PageProps) {
  useSession(session);
  const { api } = session;
  const wnid = decodeURIComponent(match[1] ?? '');
  const { answer, trouble } = useAnswer(() => api.classPage(wnid), wnid);
  return (
    <PageFrame session={session} place={answer?.name ?? wnid} wnid={wnid} isReady={answer !== null}>
      {answer === null ? <p class="quiet">{trouble ?? 'Reading the class …'}</p> : null}
      {answer === null ? null : <ClassView session={session} page={answer} />}
    </PageFrame>
  );
}

interface ClassViewProps {
  readonly session: ReviewSession;
  readonly page: ClassPage;
}

/** All that a reviewer should know of one class. */
function ClassView({ session, page }: ClassViewProps) {
  const { collection, setup } = session;
  const { wnid, name, synonyms, gloss, link, references } = page;
  return (
    <>
      <header class="class-head">
        <h1>{name}</h1>
        {gloss === null ? null : <p class="gloss">{gloss}</p>}
        <p class="soft">
          {[wnid, ...synonyms].join(' · ')} · <Link url={link}>article</Link>
        </p>
      </header>
      <div class="class-columns">
        <div>
          <Progress collection={collection} setup={setup} page={page} />
          <Criteria session={session} question={null} />
        </div>
        <div>
          <Confusions collection={collection} setup={setup} page={page} />
          {references.length === 0 ? null : <References name={name} references={references} />}
        </div>
      </div>
    </>
  );
}

function References({ name, references }: Pick<ClassPage, 'name' | 'references'>) {
  return (
    <section>
      <h2>Reference photos</h2>
      <div class="reference-photos">
        {references.map((reference) => (
          <a key={reference.path} href={reference.path}>
            <img src={reference.path} alt={`${name}: ${reference.name}`} loading="lazy" />
          </a>
        ))}
      </div>
    </section>
  );
}

interface PartProps {
  readonly collection: string;
  readonly setup: ReviewSetup;
  readonly page: ClassPage;
}

function Progress({ collection, setup: { target }, page: { wnid, progress } }: PartProps) {
  if (progress === null)
    return <p>No photo of this class is on the shortlist. Models see it in photos of other classes.</p>;
  const { listed, open, accepted, rejected, unsure, disputed } = progress;
  const counts = { 'on the shortlist': listed, open, accepted, rejected, unsure, disputed };
  return (
    <section>
      <h2>{acceptedText(accepted, target)}</h2>
      <ProgressBar counts={progress} target={target} />
      <dl class="counts-list">
        {Object.entries(counts).map(([text, count]) => (
          <div key={text}>
            <dt class={`key ${text}`}>{text}</dt>
            <dd>{countText(count)}</dd>
          </div>
        ))}
      </dl>
      <p class="ways-in">
        <a class="button yes" href={hrefOf(collection, '', { filter: { wnid } })}>
          Review this class
        </a>
        <a class="button" href={hrefOf(collection, 'grid', { filter: { wnid } })}>
          Grid
        </a>
        {disputed === 0 ? null : (
          <a class="button" href={hrefOf(collection, 'disputes', { filter: { wnid } })}>
            Disputes
          </a>
        )}
      </p>
    </section>
  );
}

function Confusions({ collection, setup: { cap }, page: { wnid, name, confusions } }: PartProps) {
  if (confusions.length === 0) return null;
  return (
    <section>
      <h2>What models see in photos of {name}</h2>
      <WideTable label="Confusions" heads={['models see', 'quota', 'open', 'listed', 'review']}>
        {confusions.map((confusion) => (
          <ConfusionRow key={confusion.wnid} {...{ collection, cap, wnid, name, confusion }} />
        ))}
      </WideTable>
    </section>
  );
}

interface ConfusionRowProps extends Pick<ClassPage, 'wnid' | 'name'> {
  readonly collection: string;
  readonly cap: number;
  readonly confusion: ClassPage['confusions'][number];
}

function ConfusionRow({ collection, cap, wnid, name, confusion }: ConfusionRowProps) {
  const view = { filter: { wnid, confusion: confusion.wnid } };
  const quota = { ...NO_COUNTS, listed: cap, accepted: Math.min(cap, confusion.accepted) };
  return (
    <tr>
      <th scope="row" class="predicted">
        <a href={hrefOf(collection, `class/${encodeURIComponent(confusion.wnid)}`)}>{confusion.name}</a>
      </th>
      <td>
        <span class="quota">
          {countText(confusion.accepted)} of {countText(cap)}
          <ProgressBar counts={quota} target={null} />
        </span>
      </td>
      <td>{countText(confusion.open)}</td>
      <td>{countText(confusion.listed)}</td>
      <td class="links">
        <a href={hrefOf(collection, '', view)} aria-label={`Queue of ${name} seen as ${confusion.name}`}>
          queue
        </a>
        <a href={hrefOf(collection, 'grid', view)} aria-label={`Grid of ${name} seen as ${confusion.name}`}>
          grid
        </a>
      </td>
    </tr>
  );
}

const NO_COUNTS = { listed: 0, open: 0, accepted: 0, rejected: 0, unsure: 0, disputed: 0 };
