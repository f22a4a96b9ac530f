import { useEffect, useState } from 'preact/hooks';
import type { OwnReview, ReviewPhoto } from '../../review/desk/desk.ts';
import { ActionBar } from './action-bar.tsx';
import { ClassPanel } from './class-panel.tsx';
import { CENTRE_CROP, cropAt, type CropRef } from './crop-grid.tsx';
import { EndPage } from './end-page.tsx';
import { EvidencePanel } from './evidence-panel.tsx';
import { renderNow } from './render-now.ts';
import { SingleDesk } from './single-desk.ts';
import { SingleDialog, type DialogShown } from './single-dialog.tsx';
import { SingleHeader } from './single-header.tsx';
import { Said, StageTools } from './stage-tools.tsx';
import { Stage, type CropBox } from './stage.tsx';
import { Strip } from './strip.tsx';
import { useCommands } from './use-commands.ts';
import { useHeat } from './use-heat.ts';
import { useSession, type PageProps } from './use-session.ts';
import { useZoom } from './use-zoom.ts';
import { hrefOf, viewOf, type ReviewView } from './view-url.ts';

interface OpenDialog {
  readonly shown: DialogShown;
  /** The photo for which the dialog was opened. The page may show another one by now. */
  readonly photo: ReviewPhoto | null;
}

/** Shows one photo after another. A key decides and shows the next one. */
export function Single({ session, match: [page] }: PageProps) {
  useSession(session);
  const [desk, setView] = useDesk(session, page === 'disputes');
  const { photo } = desk;
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const open = (shown: DialogShown): void => setDialog({ shown, photo });
  const crops = useCrops(desk);
  const zoom = useZoom(photo);
  const heat = useHeat(desk);
  const run = useCommands({
    desk,
    zoom,
    onDialog: (shown) => renderNow(() => open(shown)),
    onCrops: crops.toggle,
    onHeat: heat.cycle,
  });
  return (
    <div class="review-page single">
      <SingleHeader desk={desk} onView={setView} onCommand={run} />
      <ClassPanel desk={desk} onView={setView} onReferences={(of) => open({ kind: 'references', of })} />
      <Stage
        photo={photo}
        pictures={desk.pictures}
        isReady={desk.isReady}
        {...zoom.stage}
        crops={crops.boxes}
        crop={crops.box}
        heat={heat.shown}
        tools={<StageTools desk={desk} zoom={zoom} areCropsDrawn={crops.areDrawn} heat={heat} onCommand={run} />}
      >
        {photo === null ? <EndPage desk={desk} /> : <Said desk={desk} />}
      </Stage>
      <EvidencePanel
        desk={desk}
        crop={crops.chosen}
        onCrop={crops.choose}
        onCompare={(sha256) => open({ kind: 'compare', sha256 })}
      />
      <ActionBar session={session} own={ownOf(desk)} isReady={photo !== null} onCommand={run}>
        <Strip desk={desk} onShow={(subject) => void desk.show(subject, 'Back.')} />
      </ActionBar>
      {dialog === null ? null : <SingleDialog desk={desk} {...dialog} onClose={() => setDialog(null)} />}
    </div>
  );
}

/** The reviewer's own review for the bar. On a dispute it omits the verdict, because settling is a separate decision. */
function ownOf({ photo, isForDisputes }: SingleDesk): OwnReview | null {
  if (photo === null) return null;
  return isForDisputes ? { ...photo.mine, verdict: null, reason: null } : photo.mine;
}

/** The desk of the view in the page's URL. A new view gets a new desk. */
function useDesk(session: PageProps['session'], isForDisputes: boolean): [SingleDesk, (view: ReviewView) => void] {
  const [desk, setDesk] = useState(() => new SingleDesk(session, viewOf(location.search), isForDisputes));
  useEffect(() => () => desk.close(), [desk]);
  const setView = (view: ReviewView): void => {
    window.history.replaceState(null, '', hrefOf(session.collection, isForDisputes ? 'disputes' : '', view));
    setDesk(new SingleDesk(session, view, isForDisputes));
  };
  return [desk, setView];
}

/** Index of the first mirrored crop. Mirrored crops have the same boxes as the first five. */
const FIRST_MIRRORED = 5;

interface CropControl {
  readonly areDrawn: boolean;
  readonly toggle: () => void;
  /** The crop whose classes are listed: the centre crop unless the pointer is on another. */
  readonly chosen: CropRef;
  readonly choose: (crop: CropRef | null) => void;
  /** The crops drawn on the photo. */
  readonly boxes: readonly CropBox[];
  readonly box: CropBox | null;
}

/** State of the crops drawn on the photo. It is kept from photo to photo. */
function useCrops({ members }: SingleDesk): CropControl {
  const [areDrawn, setAreDrawn] = useState(false);
  const [chosen, choose] = useState<CropRef | null>(null);
  const crops = areDrawn ? (members[0]?.crops.slice(0, FIRST_MIRRORED) ?? []) : [];
  return {
    areDrawn,
    toggle: () => setAreDrawn((now) => !now),
    chosen: chosen ?? CENTRE_CROP,
    choose,
    boxes: crops.map(({ box }) => box),
    box: chosen === null ? null : (cropAt(members, chosen)?.box ?? null),
  };
}
