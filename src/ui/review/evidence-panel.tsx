import type { ModelEvidence, PhotoEvidenceShown, ReviewPhoto, ReviewSetup } from '../../review/desk/desk.ts';
import { Bar } from '../../page/bar.tsx';
import { Link } from '../../page/link.tsx';
import { countOf, probabilityText } from '../../kernel/texts.ts';
import { CropGrid, cropAt, cropText, shortName, type CropRef } from './crop-grid.tsx';
import type { ReviewSession } from './session.ts';
import type { SingleDesk } from './single-desk.ts';
import { dayText } from './words.ts';

interface EvidencePanelProps {
  readonly desk: SingleDesk;
  readonly crop: CropRef;
  readonly onCrop: (crop: CropRef | null) => void;
}

const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

const NOTHING_KNOWN: PhotoEvidenceShown = {
  members: [],
  outside: [],
  alsoSeen: [],
  nearDuplicates: [],
  history: [],
};

/** The models' evidence and the photo's source. Each part keeps its place from photo to photo. */
export function EvidencePanel(props: EvidencePanelProps) {
  const { session, photo, evidenceShown: evidence, members } = props.desk;
  if (photo === null) return <aside class="side evidence" aria-label="Evidence" />;
  const known = typeof evidence === 'string' ? null : evidence;
  const { outside, history } = known ?? NOTHING_KNOWN;
  return (
    <aside class="side evidence" aria-label="Evidence" aria-busy={evidence === null}>
      <Certainty session={session} photo={photo} members={members} />
      <ByCrop {...props} photo={photo} />
      <section>
        <h2>Outside the ensemble</h2>
        <Outside photo={photo} outside={outside} />
        <p class="also">
          <small>{alsoText(known)}</small>
        </p>
      </section>
      <NearDuplicates known={known} onCompare={(sha256) => props.desk.openDialog({ kind: 'compare', sha256 })} />
      {typeof evidence === 'string' ? <p class="trouble">{evidence}</p> : null}
      <Credit photo={photo} history={history} />
    </aside>
  );
}

interface CertaintyProps {
  readonly session: ReviewSession;
  readonly photo: ReviewPhoto;
  readonly members: readonly ModelEvidence[];
}

function Certainty({ session: { setup }, photo, members }: CertaintyProps) {
  const { threshold, mode } = setup;
  const crops = members.reduce((count, member) => count + member.crops.length, 0);
  return (
    <section class="ps">
      <dl>
        <Probabilities photo={photo} setup={setup} />
      </dl>
      <small>
        Mark: threshold {threshold}.{' '}
        {mode === 'O'
          ? 'Mean p of the predicted class.'
          : `Largest p of the searched class${crops > 0 ? ` over ${countOf(crops, 'crop')}` : ''}; mean p of the predicted.`}
      </small>
    </section>
  );
}

interface ProbabilitiesProps {
  readonly photo: ReviewPhoto;
  readonly setup: ReviewSetup;
}

/** List items with the p of the searched class and of the predicted class, each with a bar. */
function Probabilities({ photo, setup: { threshold, mode } }: ProbabilitiesProps) {
  const { name, maxTrueProb, confusionName, confusionProb } = photo;
  return (
    <>
      {maxTrueProb === null ? null : (
        <div class="searched">
          <dt title={name}>Searched as {name}</dt>
          <dd>{probabilityText(maxTrueProb)}</dd>
          <Bar kind="searched" ratio={maxTrueProb} mark={threshold} />
        </div>
      )}
      <div class="predicted">
        <dt title={confusionName}>Models see {confusionName}</dt>
        <dd>{probabilityText(confusionProb)}</dd>
        <Bar kind="predicted" ratio={confusionProb} mark={mode === 'O' ? threshold : undefined} />
      </div>
    </>
  );
}

function ByCrop({ desk: { members }, photo, crop, onCrop }: EvidencePanelProps & { readonly photo: ReviewPhoto }) {
  const shown = cropAt(members, crop);
  const model = members[crop.member]?.model;
  return (
    <section class="by-crop">
      <h2>By crop</h2>
      <CropGrid
        members={members}
        confusionWnid={photo.confusionWnid}
        chosen={crop}
        onChoose={onCrop}
        onLeave={() => onCrop(null)}
      />
      <p class="which">
        <small>
          {shown === null || model === undefined ? '' : `${shortName(model)}, ${cropText(shown.crop)}`}
          {shown === null || shown.trueProb === null ? '' : ` · p of ${photo.name} ${probabilityText(shown.trueProb)}`}
        </small>
      </p>
      <ol class="top">
        {shown?.top.map(({ wnid, name, prob }) => (
          <li key={wnid} class={wnid === photo.confusionWnid ? 'predicted' : wnid === photo.wnid ? 'searched' : ''}>
            <span>{name}</span>
            <span>{probabilityText(prob)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Outside({ photo, outside }: { readonly photo: ReviewPhoto; readonly outside: readonly ModelEvidence[] }) {
  return (
    <>
      <ul class="outside">
        {outside.map(({ model, crops }) => {
          const first = (crops.find(({ crop }) => crop === 4) ?? crops[0])?.top[0];
          return (
            <li key={model}>
              <span>{model}</span>
              <span class={first?.wnid === photo.confusionWnid ? 'predicted' : ''}>
                {first === undefined ? '–' : `${first.name} ${probabilityText(first.prob)}`}
              </span>
            </li>
          );
        })}
      </ul>
      <p class="hint">
        <small>{photo.isNoise ? 'All outside models agree with the members.' : ''}</small>
      </p>
    </>
  );
}

function alsoText(known: PhotoEvidenceShown | null): string {
  if (known === null || known.alsoSeen.length === 0) return '';
  return `May also be visible: ${known.alsoSeen.map(({ name, prob }) => `${name} ${probabilityText(prob)}`).join(', ')}`;
}

interface NearDuplicatesProps {
  readonly known: PhotoEvidenceShown | null;
  readonly onCompare: (sha256: string) => void;
}

function NearDuplicates({ known, onCompare }: NearDuplicatesProps) {
  const pictures = known?.nearDuplicates ?? [];
  return (
    <section class="near">
      <h2>Near-duplicates</h2>
      {pictures.length === 0 ? <p class="quiet">{known === null ? '' : 'None.'}</p> : null}
      <p class="twins">
        {pictures.slice(0, 8).map(({ sha256, state }) => (
          <button
            key={sha256}
            type="button"
            aria-label={`Compare with a near-duplicate that is ${state === 'listed' ? 'listed, too' : 'left out'}`}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onCompare(sha256)}
          >
            <img src={`/thumbnails/${sha256}`} alt="" />
          </button>
        ))}
      </p>
    </section>
  );
}

interface CreditProps {
  readonly photo: ReviewPhoto;
  readonly history: PhotoEvidenceShown['history'];
}

function Credit({ photo, history }: CreditProps) {
  const { creator, licence, licenceUrl, source, foundAt, pageUrl, name } = photo;
  return (
    <section class="credit-of">
      <p>
        <small>
          {creator ?? 'Creator unknown'} · <Link url={licenceUrl}>{licence}</Link> · {source}, found {dayText(foundAt)}{' '}
          for “{name}”
          {pageUrl === null ? null : (
            <>
              {' '}
              · <Link url={pageUrl}>page</Link>
            </>
          )}
        </small>
      </p>
      <details>
        <summary>
          <small>History</small>
        </summary>
        <ol>
          {history.map(({ at, text }) => (
            <li key={`${at} ${text}`}>
              <small>
                {at === null ? '' : `${MOMENT.format(new Date(at))}: `}
                {text}
              </small>
            </li>
          ))}
        </ol>
      </details>
    </section>
  );
}
