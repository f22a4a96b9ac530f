import { photosPath } from '../../../../core/kernel/photo-filter.ts';
import { ByCrop, Certainty, Credit, Elsewhere, NearDuplicates, Outside } from './evidence-parts.tsx';
import { FIRST_SHOWN_CROP } from './crop-grid.tsx';
import type { SingleDesk } from './single-desk.ts';
import { isHidden } from '../words.ts';

export function EvidencePanel({ desk }: { readonly desk: SingleDesk }) {
  const { photo, crop } = desk;
  const { value: known, problem } = desk.evidenceShown;
  if (photo === null) return <aside class="side evidence" aria-label="Evidence" />;
  if (isHidden(photo)) {
    return (
      <aside class="side evidence" aria-label="Evidence">
        <p class="quiet">This review is blind: you see what the models say after your verdict.</p>
        <Credit photo={photo} history={[]} />
      </aside>
    );
  }
  return (
    <aside class="side evidence" aria-label="Evidence" aria-busy={known === null && problem === null}>
      {problem === null ? null : (
        <section role="alert">
          <p class="trouble">The evidence cannot be read: {problem}</p>
          <button type="button" onClick={() => desk.readEvidenceAgain()}>
            Try again
          </button>
        </section>
      )}
      <Elsewhere collection={desk.store.collection} sha256={photo.sha256} elsewhere={known?.elsewhere ?? []} />
      <Certainty setup={desk.store.setup} members={desk.members} photo={photo} />
      <ByCrop
        members={desk.members}
        crop={crop.value ?? FIRST_SHOWN_CROP}
        onCrop={(chosen) => (crop.value = chosen)}
        photo={photo}
      />
      <Outside photo={photo} known={known} />
      <NearDuplicates known={known} onOpen={(sha256) => desk.openDialog({ kind: 'compare', sha256 })} />
      <Credit photo={photo} history={known?.history ?? []}>
        <a href={photosPath(desk.store.collection, { photo: `${photo.sha256}.${photo.wnid}` })}>Card</a>
      </Credit>
    </aside>
  );
}
