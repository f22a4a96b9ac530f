/** @jsxRuntime automatic @jsxImportSource preact */
import { photosPath } from '../../../core/kernel/photo-filter.ts';
import { acceptanceStateText } from '../../../core/kernel/acceptance.ts';
import { asTyped } from '../../../core/kernel/command-text.ts';
import type { PhotoState } from '../../../core/kernel/photo-filter.ts';
import { countText, hoursText, shareText } from '../../../core/kernel/texts.ts';
import { PhotosLink } from './class-table.tsx';
import { CopiedCommand } from './copied.tsx';
import type { Overview, Row } from './overview.ts';
import { Operations } from './operation.tsx';
import { Table } from '../../../core/page/wide-table.tsx';

export function NextStepSection({ now }: { readonly now: Overview }) {
  const { text, command } = now.next;
  return (
    <section class="next-step" aria-label="Next step">
      <p>
        <b>Next:</b> {asTyped(text)}
      </p>
      {command.startsWith('winnow review ') ? (
        <a class="button chosen" href="review">
          Review photos
        </a>
      ) : (
        <CopiedCommand text={command} />
      )}
      <Operations collection={now.collection} command={command} />
    </section>
  );
}

interface Verdict {
  readonly state: PhotoState;
  /** A class of the base style; null for what is still open. */
  readonly colour: string | null;
  readonly countOf: (row: Row) => number;
}

const VERDICTS: readonly Verdict[] = [
  { state: 'accepted', colour: 'searched', countOf: ({ selected }) => selected },
  { state: 'rejected', colour: 'predicted', countOf: ({ rejected }) => rejected },
  { state: 'unsure', colour: 'warn', countOf: ({ unsure }) => unsure },
  { state: 'disputed', colour: '', countOf: ({ disputed }) => disputed },
  { state: 'open', colour: null, countOf: ({ unreviewed }) => unreviewed },
];

export function ReviewProgress({ now, isOperator }: { readonly now: Overview; readonly isOperator: boolean }) {
  const { totals, acceptance } = now;
  if (totals.shortlisted === 0) return null;
  let end = 0;
  const counts = VERDICTS.map((verdict) => {
    const from = end;
    const count = verdict.countOf(totals);
    end += count;
    return { ...verdict, from, count };
  });
  const percentOf = (count: number): string => ((100 * count) / totals.shortlisted).toFixed(2);
  return (
    <section aria-label="Review" class="progress">
      <h2>
        Review{' '}
        <small>
          {shareText(totals.shortlisted - totals.unreviewed, totals.shortlisted)} of the listed photos have a verdict
        </small>
      </h2>
      <svg class="verdicts" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        {counts.map(({ state, colour, from, count }) => (
          <rect key={state} class={colour ?? 'open'} x={percentOf(from)} width={percentOf(count)} height="8" />
        ))}
      </svg>
      <dl>
        {counts.map(({ state, colour, count }) => (
          <div key={state}>
            <dt class={colour === null ? 'quiet' : `key ${colour}`}>{state}</dt>
            <dd>
              <PhotosLink now={now} filter={{ state: [state] }} count={count} />
            </dd>
          </div>
        ))}
      </dl>
      {acceptance === null ? null : <p>Inspection {acceptanceStateText(acceptance)}.</p>}
      {now.mode === 'O' || totals.selected === 0 ? null : (
        <p class="quiet">
          In the <a href="quiz">quiz</a>, people who have not reviewed name the classes of accepted photos.
        </p>
      )}
      {isOperator ? <People now={now} /> : null}
    </section>
  );
}

function People({ now: { people, collection } }: { readonly now: Pick<Overview, 'people' | 'collection'> }) {
  if (people === null || people.length === 0) return null;
  return (
    <Table
      caption="People"
      isCaptionHidden
      rows={people}
      keyOf={({ reviewer }) => reviewer}
      columns={{
        person: ({ reviewer }) => <a href={photosPath(collection, { by: reviewer })}>{reviewer}</a>,
        photos: ({ photos }) => countText(photos),
        hours: ({ hours }) => hoursText(hours),
        accepted: ({ accepted, photos }) => shareText(accepted, photos),
        agrees: ({ agreement, secondPassPhotos }) =>
          agreement === null ? '–' : `${shareText(agreement, 1)} of ${countText(secondPassPhotos)}`,
      }}
    />
  );
}
