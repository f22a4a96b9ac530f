import type { ClassProgress } from '../../review/desk.ts';
import { countOf, countText } from '../shared/texts.ts';
import { acceptedText, ProgressBar } from './classes-bar.tsx';
import { hrefOf } from './view-url.ts';

interface ClassCardProps {
  readonly collection: string;
  readonly progress: ClassProgress;
  /** Some of its photos: listed ones. */
  readonly photos: readonly string[];
  readonly target: number | null;
}

/** Four photos fill a cover; of fewer only the first is shown. */
const MOSAIC = 4;

/** One class of the start page. Its name leads to its queue. */
export function ClassCard({ collection, progress, photos, target }: ClassCardProps) {
  const { wnid, name, open, accepted, rejected, unsure, disputed } = progress;
  const view = { filter: { wnid } };
  return (
    <li class="class-card" data-wnid={wnid}>
      <div class={photos.length >= MOSAIC ? 'cover mosaic' : 'cover'} aria-hidden="true">
        {(photos.length >= MOSAIC ? photos : photos.slice(0, 1)).map((sha256) => (
          <img key={sha256} src={`/thumbnails/${sha256}`} alt="" loading="lazy" decoding="async" />
        ))}
      </div>
      <div class="text">
        <h3>
          <a class="to-queue" href={hrefOf(collection, '', view)}>
            {name}
          </a>
        </h3>
        <p class="open-count">{open === 0 ? <span class="soft">done</span> : <b>{countText(open)} open</b>}</p>
      </div>
      <ProgressBar counts={progress} target={target} />
      <p class="numbers">
        <span class="key accepted">{acceptedText(accepted, target)}</span>
        {rejected > 0 ? <span class="key rejected">{countText(rejected)} rejected</span> : null}
        {unsure > 0 ? <span class="key unsure">{countText(unsure)} unsure</span> : null}
        {disputed > 0 ? (
          <a class="key disputed" href={hrefOf(collection, 'disputes', view)}>
            {countText(disputed)} disputed
          </a>
        ) : null}
      </p>
      <p class="ways">
        <a href={hrefOf(collection, 'grid', view)} aria-label={`Grid of ${name}`}>
          Grid
        </a>
        <a href={hrefOf(collection, `class/${encodeURIComponent(wnid)}`)} aria-label={`About the class ${name}`}>
          Class
        </a>
        <span>{countOf(progress.listed, 'photo')}</span>
      </p>
    </li>
  );
}
