import { acceptanceStateText } from '../../kernel/acceptance.ts';
import { asTyped } from '../../kernel/command-text.ts';
import type { PhotoState } from '../../kernel/photo-filter.ts';
import { countText, shareText } from '../../kernel/texts.ts';
import { PhotosLink } from './class-table.tsx';
import { CopiedCommand } from './copied.tsx';
import type { Overview } from './overview.ts';
import { Table } from './tables.tsx';

/** The pages on which a person takes a step. All other steps are commands. */
const PAGES: readonly (readonly [command: string, page: string, text: string])[] = [
  ['winnow review ', 'review', 'Review photos'],
];

export function NextStep({ next: { text, command } }: Pick<Overview, 'next'>) {
  const page = PAGES.find(([start]) => command.startsWith(start));
  return (
    <section class="next" aria-label="Next step">
      <p>
        <b>Next:</b> {asTyped(text)}
      </p>
      {page === undefined ? (
        <CopiedCommand text={command} />
      ) : (
        <a class="button chosen" href={page[1]}>
          {page[2]}
        </a>
      )}
    </section>
  );
}

const VERDICTS: readonly (readonly [state: PhotoState, countOf: (totals: Overview['totals']) => number])[] = [
  ['accepted', ({ selected }) => selected],
  ['rejected', ({ rejected }) => rejected],
  ['unsure', ({ unsure }) => unsure],
  ['disputed', ({ disputed }) => disputed],
  ['open', ({ unreviewed }) => unreviewed],
];

export function ReviewProgress({ now, isOperator }: { readonly now: Overview; readonly isOperator: boolean }) {
  const { totals, acceptance, people } = now;
  if (totals.shortlisted === 0) return null;
  const counts = VERDICTS.map(([state, countOf]) => ({ state, count: countOf(totals) }));
  return (
    <section aria-label="Review" class="progress">
      <h2>
        Review{' '}
        <small>
          {shareText(totals.shortlisted - totals.unreviewed, totals.shortlisted)} of the listed photos have a verdict
        </small>
      </h2>
      <Progress counts={counts} of={totals.shortlisted} />
      <dl>
        {counts.map(({ state, count }) => (
          <div key={state} class={state}>
            <dt>{state}</dt>
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
      {!isOperator || people === null || people.length === 0 ? null : (
        <Table
          caption="People"
          rows={people}
          keyOf={({ reviewer }) => reviewer}
          columns={{
            person: ({ reviewer }) => reviewer,
            photos: ({ photos }) => countText(photos),
            hours: ({ hours }) => hours.toFixed(1),
            accepted: ({ accepted, photos }) => shareText(accepted, photos),
            agrees: ({ agreement, secondPassPhotos }) =>
              agreement === null ? '–' : `${shareText(agreement, 1)} of ${countText(secondPassPhotos)}`,
          }}
        />
      )}
    </section>
  );
}

interface ProgressProps {
  readonly counts: readonly { readonly state: PhotoState; readonly count: number }[];
  readonly of: number;
}

function Progress({ counts, of }: ProgressProps) {
  let from = 0;
  return (
    <svg class="verdicts" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      {counts.map(({ state, count }) => {
        const x = from;
        from += (100 * count) / of;
        return <rect key={state} class={state} x={x.toFixed(2)} width={(from - x).toFixed(2)} height="8" />;
      })}
    </svg>
  );
}
