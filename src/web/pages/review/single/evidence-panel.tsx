import { ByCrop, Certainty, Credit, NearDuplicates, Outside } from './evidence-parts.tsx';
import type { CropRef } from '../../../../core/models/evidence/evidence.ts';
import type { SingleDesk } from './single-desk.ts';
import { isHidden } from '../words.ts';

interface EvidencePanelProps {
  readonly desk: SingleDesk;
  readonly crop: CropRef;
  readonly onCrop: (crop: CropRef | null) => void;
}

export function EvidencePanel(props: EvidencePanelProps) {
  const { desk } = props;
  const { photo } = desk;
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
      <Certainty setup={desk.store.setup} members={desk.members} photo={photo} />
      <ByCrop members={desk.members} crop={props.crop} onCrop={props.onCrop} photo={photo} />
      <Outside photo={photo} known={known} />
      <NearDuplicates known={known} onOpen={(sha256) => desk.openDialog({ kind: 'compare', sha256 })} />
      <Credit photo={photo} history={known?.history ?? []} />
    </aside>
  );
}
