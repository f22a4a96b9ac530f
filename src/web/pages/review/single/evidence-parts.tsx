import type { ComponentChildren } from 'preact';
import type { ModelEvidence, PhotoEvidenceShown, ReviewPhoto, ReviewSetup } from '../../../../core/review/desk/desk.ts';
import { Bar } from '../../../../core/page/bar.tsx';
import { Link } from '../../../../core/page/link.tsx';
import { photosPath } from '../../../../core/kernel/photo-filter.ts';
import { probabilityText } from '../../../../core/kernel/texts.ts';
import { CropGrid, cropAt, cropText, shortName } from './crop-grid.tsx';
import type { CropRef } from '../../../../core/models/evidence/evidence.ts';
import { dayText, isolated, MODE_WORDS, momentText } from '../words.ts';

/** Pieces of the panel beside a photo, on the review page and in the gallery. */

type Seen = Pick<ReviewPhoto, 'wnid' | 'name' | 'maxTrueProb' | 'confusionWnid' | 'confusionName' | 'confusionProb'>;

interface CertaintyProps {
  readonly setup: Pick<ReviewSetup, 'threshold' | 'mode'>;
  readonly members: readonly ModelEvidence[];
  readonly photo: Seen;
}

export function Certainty({ setup: { threshold, mode }, members, photo }: CertaintyProps) {
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

interface ByCropProps {
  readonly members: readonly ModelEvidence[];
  readonly photo: Seen;
  readonly crop: CropRef;
  readonly onCrop: (crop: CropRef | null) => void;
}

export function ByCrop({ members, photo, crop, onCrop }: ByCropProps) {
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
          {shown === null || shown.trueProb === null ? null : (
            <>
              {' '}
              · p of <bdi>{photo.name}</bdi> {probabilityText(shown.trueProb)}
            </>
          )}
        </small>
      </p>
      <ol class="top">
        {shown?.top.map(({ wnid, name, prob }) => (
          <li key={wnid} class={wnid === photo.confusionWnid ? 'predicted' : wnid === photo.wnid ? 'searched' : ''}>
            <bdi>{name}</bdi>
            <span>{probabilityText(prob)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

interface OutsideProps {
  readonly photo: Pick<Seen, 'confusionWnid'> & { readonly isNoise?: boolean };
  readonly known: PhotoEvidenceShown | null;
}

export function Outside({ photo, known }: OutsideProps) {
  const also = known?.alsoSeen.map(({ name, prob }) => `${isolated(name)} ${probabilityText(prob)}`) ?? [];
  return (
    <section>
      <h2>Outside the ensemble</h2>
      <ul class="outside">
        {known?.outside.map(({ model, crops }) => {
          const first = (crops.find(({ crop }) => crop === 4) ?? crops[0])?.top[0];
          return (
            <li key={model}>
              <span>{model}</span>
              <span class={first?.wnid === photo.confusionWnid ? 'predicted' : ''}>
                {first === undefined ? '–' : `${isolated(first.name)} ${probabilityText(first.prob)}`}
              </span>
            </li>
          );
        })}
      </ul>
      <p class="hint">
        <small>{photo.isNoise === true ? 'All outside models agree with the members.' : ''}</small>
      </p>
      <p class="also">
        <small>{also.length === 0 ? '' : `May also be visible: ${also.join(', ')}`}</small>
      </p>
    </section>
  );
}

interface ElsewhereProps {
  readonly collection: string;
  readonly sha256: string;
  readonly elsewhere: PhotoEvidenceShown['elsewhere'];
}

/** `Also in hen, where the models are right`: other classes with the same bytes, each with a link to its card. */
export function Elsewhere({ collection, sha256, elsewhere }: ElsewhereProps) {
  return (
    <>
      {elsewhere.map(({ wnid, name, ...decision }) => (
        <p key={wnid} class="warn elsewhere">
          Also in <a href={photosPath(collection, { photo: `${sha256}.${wnid}` })}>{name}</a>, {whereText(decision)}.
        </p>
      ))}
    </>
  );
}

function whereText({ outcome, reason }: Omit<PhotoEvidenceShown['elsewhere'][number], 'wnid' | 'name'>): string {
  if (reason === 'correct') return 'where the models are right';
  return outcome === 'undecided'
    ? 'where it is not decided yet'
    : `where it is ${outcome}${reason === null ? '' : `: ${reason}`}`;
}

interface NearDuplicatesProps {
  readonly known: PhotoEvidenceShown | null;
  readonly onOpen: (sha256: string) => void;
}

export function NearDuplicates({ known, onOpen }: NearDuplicatesProps) {
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
            onClick={() => onOpen(sha256)}
          >
            <img src={`/thumbnails/${sha256}`} alt="" />
          </button>
        ))}
      </p>
    </section>
  );
}

interface CreditProps {
  readonly photo: Pick<ReviewPhoto, 'creator' | 'licence' | 'licenceUrl' | 'source' | 'foundAt' | 'pageUrl' | 'name'>;
  readonly history: PhotoEvidenceShown['history'];
  /** Further links. */
  readonly children?: ComponentChildren;
}

export function Credit({ photo, history, children }: CreditProps) {
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
          {children === undefined ? null : <> · {children}</>}
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
                {at === null ? '' : `${momentText(at)}: `}
                {text}
              </small>
            </li>
          ))}
        </ol>
      </details>
    </section>
  );
}
