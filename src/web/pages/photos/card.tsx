import { useLayoutEffect, useState } from 'preact/hooks';
import type { PhotoEvidenceShown } from '../../../core/review/desk/desk.ts';
import { Link } from '../../../core/page/link.tsx';
import type { GalleryTile } from '../../status/gallery.ts';
import { Dialog } from '../review/dialog.tsx';
import { FIRST_SHOWN_CROP } from '../review/single/crop-grid.tsx';
import type { CropRef } from '../../../core/models/evidence/evidence.ts';
import { ByCrop, Certainty, Credit, Elsewhere, NearDuplicates, Outside } from '../review/single/evidence-parts.tsx';
import { useAnswer } from '../answers.ts';
import { reviewApi } from '../review/store/api.ts';
import { signOf } from '../review/keys.ts';
import { hrefOf } from '../review/view-url.ts';
import { noPhotoText, type Gallery } from './gallery.ts';
import { ruleText, stateText } from './tile.ts';

interface CardProps {
  readonly gallery: Gallery;
}

/** All that is known of the photo in the address. The arrow keys and two buttons show the one before or after it. */
export function Card({ gallery }: CardProps) {
  const id = gallery.filter.value.photo;
  const row = gallery.sheet.rowOf(Number(id));
  const trouble = gallery.cardTrouble.value ?? (row === null ? noPhotoText(id) : null);
  const photo = trouble === null ? row : null;
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const by = STEPS[signOf(event)];
      const isInGrid = event.target instanceof Element && event.target.closest('.crop-grid') !== null;
      if (by === undefined || isInGrid || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      // A key that repeats would change the address more often than browsers allow.
      if (!event.repeat) gallery.move(by);
    };
    // The focus may be on the dialog itself, or on nothing.
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [gallery]);
  const title = photo === undefined ? 'Reading the photo …' : (photo?.name ?? 'No such photo');
  return (
    <Dialog title={title} kind="photo-card" onClose={gallery.close}>
      <p class="card-steps">
        <Step gallery={gallery} by={-1} />
        <Step gallery={gallery} by={1} />
      </p>
      <div class="card-body">
        {trouble === null ? null : <p>{trouble}</p>}
        {photo ? <About key={photo.id} photo={photo} gallery={gallery} /> : null}
      </div>
    </Dialog>
  );
}

function Step({ gallery, by }: CardProps & { readonly by: -1 | 1 }) {
  return (
    <button type="button" class="chip" disabled={gallery.beside(by) === undefined} onClick={() => gallery.move(by)}>
      {by < 0 ? 'Before' : 'Next'} <kbd aria-hidden="true">{by < 0 ? '←' : '→'}</kbd>
    </button>
  );
}

const STEPS: Readonly<Record<string, -1 | 1>> = { ArrowLeft: -1, ArrowRight: 1, k: -1, j: 1 };

/** States of photos that the review shows. */
const REVIEWED: ReadonlySet<string> = new Set(['open', 'accepted', 'rejected', 'unsure', 'disputed']);

interface AboutProps extends CardProps {
  readonly photo: GalleryTile;
}

function About({ photo, gallery }: AboutProps) {
  const { sha256, wnid } = photo;
  const choices = gallery.choices.value;
  const rule = choices === null ? null : ruleText(photo, choices.threshold);
  const { value: known, problem } = useAnswer(async () =>
    sha256 === null ? null : reviewApi(gallery.collection, null).evidence({ sha256, wnid }),
  );
  return (
    <>
      <Picture photo={photo} />
      <div class="side evidence">
        <section>
          <b>{stateText(photo)}</b>
          {rule === null ? null : <p>{rule}</p>}
          {photo.detail === null ? null : <p>{photo.detail}</p>}
          {problem === null ? null : <p class="trouble">{problem}</p>}
        </section>
        {known === null || sha256 === null ? null : (
          <Elsewhere collection={gallery.collection} sha256={sha256} elsewhere={known.elsewhere} />
        )}
        {known === null ? null : <Evidence {...{ photo, gallery, known }} />}
        <Credit photo={photo} history={known?.history ?? []} />
        <p>
          <small>
            Candidate {photo.id} · {photo.source} {photo.sourceId} · <Link url={photo.url}>file</Link>
          </small>
        </p>
        {photo.revisions.map((short) => (
          <p key={short}>
            In revision <a href={`/c/${encodeURIComponent(gallery.collection)}/revisions#r-${short}`}>{short}</a>
          </p>
        ))}
        {sha256 === null ? null : (
          <p>
            <code>{sha256}</code> <a href={gallery.likePath(sha256)}>Similar photos</a>{' '}
            {REVIEWED.has(photo.outcome) ? (
              <a href={hrefOf(gallery.collection, '', { filter: {}, photo: { sha256, wnid } })}>Review</a>
            ) : null}
          </p>
        )}
      </div>
    </>
  );
}

function Picture({ photo: { sha256, hasBytes, name } }: Pick<AboutProps, 'photo'>) {
  return (
    <figure class="card-photo">
      {hasBytes && sha256 !== null ? (
        <a href={`/photos/${sha256}`}>
          <img src={`/previews/${sha256}`} alt={name} />
        </a>
      ) : (
        <figcaption class="quiet">{sha256 === null ? 'No photo is stored.' : 'Its bytes were deleted.'}</figcaption>
      )}
    </figure>
  );
}

function Evidence({ photo, gallery, known }: AboutProps & { readonly known: PhotoEvidenceShown }) {
  const [crop, setCrop] = useState<CropRef>(FIRST_SHOWN_CROP);
  const { members } = known;
  const choices = gallery.choices.value;
  if (members.length === 0) return null;
  const choose = (chosen: CropRef | null): void => setCrop(chosen ?? FIRST_SHOWN_CROP);
  return (
    <>
      {choices === null ? null : <Certainty setup={choices} members={members} photo={photo} />}
      <ByCrop {...{ members, photo, crop }} onCrop={choose} />
      {known.outside.length === 0 ? null : <Outside photo={photo} known={known} />}
      {known.nearDuplicates.length === 0 ? null : (
        <NearDuplicates known={known} onOpen={(sha256) => gallery.visit(gallery.likePath(sha256))} />
      )}
    </>
  );
}
