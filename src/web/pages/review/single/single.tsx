import { useEffect, useMemo } from 'preact/hooks';
import { ActionBar, CommandButton, OrderChoice } from '../action-bar.tsx';
import { ClassPanel } from './class-panel.tsx';
import { EvidencePanel } from './evidence-panel.tsx';
import { HeaderBar } from '../frame.tsx';
import { keyHint } from '../keys.ts';
import { SingleDesk } from './single-desk.ts';
import { SingleDialog } from './single-dialog.tsx';
import { PhotoView } from './photo-view.tsx';
import { useHeat } from './use-heat.ts';
import { useKeys } from '../use-keys.ts';
import type { PageProps } from '../store/review-store.ts';
import { useZoom } from './use-zoom.ts';
import { hrefOf } from '../view-url.ts';
import { isHidden, judgementText } from '../words.ts';
import { subjectKey } from '../store/history.ts';

export function Single({ store, match: [page] }: PageProps) {
  const desk = useMemo(() => new SingleDesk(store, page === 'disputes' ? page : ''), [store, page]);
  useEffect(() => desk.start(), [desk]);
  const { photo } = desk;
  const zoom = useZoom(photo);
  const heat = useHeat(desk);
  desk.tools = { heatmap: heat.cycle, zoom: zoom.hold, fit: zoom.fit };
  useKeys('single', desk, { onRelease: zoom.release });
  return (
    <div class="review-page single">
      <SingleHeader desk={desk} />
      <ClassPanel desk={desk} />
      <PhotoView {...{ desk, zoom, heat }} />
      <EvidencePanel desk={desk} />
      <ActionBar desk={desk} isReady={photo !== null}>
        <Strip desk={desk} />
      </ActionBar>
      <SingleDialog desk={desk} />
    </div>
  );
}

function SingleHeader({ desk }: { readonly desk: SingleDesk }) {
  const { photo, store } = desk;
  const { cache, setup, collection } = store;
  return (
    <HeaderBar
      store={store}
      place={<a href={hrefOf(collection, 'classes')}>{placeText(desk)}</a>}
      wnid={photo?.wnid}
      detail={
        photo === null || isHidden(photo)
          ? undefined
          : `${cache.acceptedOf(photo)} of ${setup.cap} accepted of this confusion`
      }
    >
      {desk.isForDisputes ? null : (
        <label class="chip wide">
          Order: <OrderChoice desk={desk} />
        </label>
      )}
      <a class="chip" href={desk.gridHref}>
        Grid <kbd aria-hidden="true">{keyHint('view')}</kbd>
      </a>
      <CommandButton command="keys" kind="chip wide" desk={desk}>
        Keys
      </CommandButton>
    </HeaderBar>
  );
}

function placeText({ store, photo, list, isForDisputes }: SingleDesk): string {
  const { classes } = store.cache;
  if (isForDisputes)
    return list.count === 0 ? 'disputes' : `dispute ${Math.min(list.at + 1, list.count)} of ${list.count}`;
  const position = classes.findIndex(({ wnid }) => wnid === photo?.wnid);
  return position === -1 ? `${classes.length} classes` : `class ${position + 1} of ${classes.length}`;
}

const NEXT_PHOTOS = 3;

function Strip({ desk }: { readonly desk: SingleDesk }) {
  const { photo, decisions, store } = desk;
  const shown = photo === null ? null : subjectKey(photo);
  const before = decisions.filter(({ subject }) => subjectKey(subject) !== shown);
  return (
    <nav class="strip" aria-label="Last decisions">
      <ol>
        {before.map(({ subject, judgement, photos }) => {
          const text = `${judgementText(judgement)}: ${store.cache.photo(subject)?.name ?? subject.wnid}`;
          return (
            <li key={subjectKey(subject)}>
              <button
                type="button"
                class={judgement.verdict}
                title={text}
                aria-label={`${text}. Show it again`}
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => void desk.show(subject, 'Back.')}
              >
                <img src={`/thumbnails/${subject.sha256}`} alt="" />
                {photos > 1 ? <span class="many">{photos}</span> : null}
              </button>
            </li>
          );
        })}
        {photo === null ? null : (
          <li key="now" aria-current="true">
            <img class="now" src={`/thumbnails/${photo.sha256}`} alt="The shown photo" />
          </li>
        )}
        {desk.next(NEXT_PHOTOS).map((next) => (
          <li key={subjectKey(next)} class="next">
            <img src={`/thumbnails/${next.sha256}`} alt="" />
          </li>
        ))}
      </ol>
    </nav>
  );
}
