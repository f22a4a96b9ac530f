import type { ModelEvidence, PhotoEvidenceShown, ReviewPhoto } from '../../../review/desk/desk.ts';
import { Bar } from '../../../page/bar.tsx';
import { Link } from '../../../page/link.tsx';
import { probabilityText } from '../../../kernel/texts.ts';
import { CropGrid, cropAt, cropText, shortName, type CropRef } from './crop-grid.tsx';
import type { SingleDesk } from './single-desk.ts';
import { dayText, isHidden, MODE_WORDS } from '../words.ts';

interface EvidencePanelProps {
  readonly desk: SingleDesk;
  readonly crop: CropRef;
  readonly onCrop: (crop: CropRef | null) => void;
}

const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

export function EvidencePanel(props: EvidencePanelProps) {
  const { desk } = props;
  const { photo, evidenceShown: evidence } = desk;
  if (photo === null) return <aside class="side evidence" aria-label="Evidence" />;
  if (isHidden(photo)) {
    return (
      <aside class="side evidence" aria-label="Evidence">
        <p class="quiet">This review is blind: you see what the models say after your verdict.</p>
        <Credit photo={photo} history={[]} />
      </aside>
    );
  }
  const known = typeof evidence === 'string' ? null : evidence;
  const also = known?.alsoSeen.map(({ name, prob }) => `${name} ${probabilityText(prob)}`) ?? [];
  return (
    <aside class="side evidence" aria-label="Evidence" aria-busy={evidence === null}>
      <Certainty desk={desk} photo={photo} />
      <ByCrop {...props} photo={photo} />
      <section>
        <h2>Outside the ensemble</h2>
        <Outside photo={photo} outside={known?.outside ?? []} />
        <p class="also">
          <small>{also.length === 0 ? '' : `May also be visible: ${also.join(', ')}`}</small>
        </p>
      </section>
      <NearDuplicates desk={desk} known={known} />
      {typeof evidence === 'string' ? <p class="trouble">{evidence}</p> : null}
      <Credit photo={photo} history={known?.history ?? []} />
    </aside>
  );
}

function Certainty({ desk: { members, store }, photo }: { readonly desk: SingleDesk; readonly photo: ReviewPhoto }) {
  const { threshold, mode } = store.setup;
  const { name, maxTrueProb, confusionName, confusionProb } = photo;
  if (confusionName === null || confusionProb === null) return null;
  const crops = members.reduce((count, member) => count + member.crops.length, 0);
  return (
    <section class="ps">
      <dl>
        {maxTrueProb === null ? null : (
          <div class="searched">
            <dt title={name}>Searched as {name}</dt>
            <dd>
              {probabilityText(maxTrueProb)}
              <Bar kind="searched" ratio={maxTrueProb} mark={threshold} />
            </dd>
          </div>
        )}
        <div class="predicted">
          <dt title={confusionName}>Models see {confusionName}</dt>
          <dd>
            {probabilityText(confusionProb)}
            <Bar
              kind="predicted"
              ratio={confusionProb}
              mark={MODE_WORDS[mode].first === 'predicted' ? threshold : undefined}
            />
          </dd>
        </div>
      </dl>
      <small>
        Mark: threshold {threshold}. {MODE_WORDS[mode].bars(crops)}
      </small>
    </section>
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

function NearDuplicates({ desk, known }: { readonly desk: SingleDesk; readonly known: PhotoEvidenceShown | null }) {
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
            onClick={() => desk.openDialog({ kind: 'compare', sha256 })}
          >
            <img src={`/thumbnails/${sha256}`} alt="" />
          </button>
        ))}
      </p>
    </section>
  );
}

function Credit({ photo, history }: { readonly photo: ReviewPhoto; readonly history: PhotoEvidenceShown['history'] }) {
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
