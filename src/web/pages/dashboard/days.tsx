/** @jsxRuntime automatic @jsxImportSource preact */
import { countOf, countText } from '../../../core/kernel/texts.ts';
import { DayBars } from './day-bars.tsx';
import { PhotosLink } from './class-table.tsx';
import { Details } from './details.tsx';
import type { Overview } from './overview.ts';
import { Table } from '../../../core/page/wide-table.tsx';

type Day = Overview['days'][number];

interface DaysProps {
  readonly now: Pick<Overview, 'collection' | 'isBlind' | 'days' | 'at'>;
}

const CHARTS = [
  { field: 'found', colour: 'm1' },
  { field: 'decided', colour: 'predicted' },
  { field: 'accepted', colour: 'searched' },
] as const;

const DAY_MS = 86_400_000;
const FEWEST_DAYS = 14;
const MOST_DAYS = 90;

/** Each day up to today, from the first one with work: at least two weeks, at most three months. */
export function calendarOf(days: readonly Day[], at: string): Day[] {
  const todayMs = Date.parse(at.slice(0, 10));
  const since = (todayMs - Date.parse(days[0]?.day ?? at)) / DAY_MS + 1;
  const shown = Math.min(MOST_DAYS, Math.max(FEWEST_DAYS, since));
  const known = new Map(days.map((one) => [one.day, one]));
  return Array.from({ length: shown }, (_, i) => {
    const day = new Date(todayMs - (shown - 1 - i) * DAY_MS).toISOString().slice(0, 10);
    return known.get(day) ?? { day, found: 0, decided: 0, accepted: 0 };
  });
}

/** Three charts of one bar each would say no more. */
function OneDay({ now, day: { day, found, decided, accepted } }: DaysProps & { readonly day: Day }) {
  return (
    <section aria-label="By day">
      <h2>By day</h2>
      <p>
        On {day} (UTC): <PhotosLink now={now} filter={{ date: day }} count={found} /> found, {countText(decided)}{' '}
        decided, {countText(accepted)} accepted.
      </p>
    </section>
  );
}

export function Days({ now }: DaysProps) {
  const { days, at } = now;
  if (days.length === 0) return null;
  const [only, another] = days;
  if (only !== undefined && another === undefined) return <OneDay now={now} day={only} />;
  const calendar = calendarOf(days, at);
  const [first, last] = [calendar[0]?.day ?? '', calendar.at(-1)?.day ?? ''];
  return (
    <section aria-label="By day">
      <h2>
        By day <small>photos found, decided and accepted on each day (UTC)</small>
      </h2>
      <div class="day-charts">
        {CHARTS.map(({ field, colour }) => {
          const counts = calendar.map((day) => day[field]);
          const all = countText(counts.reduce((sum, count) => sum + count, 0));
          const text = `${all} from ${first} to ${last}, at most ${countText(Math.max(...counts))} on a day`;
          return (
            <figure key={field}>
              <figcaption>
                {field} <small>{all}</small>
              </figcaption>
              <DayBars
                frame={{ id: `days-${field}`, title: `Photos ${field} by day`, text }}
                {...{ counts, first, last, colour }}
              />
            </figure>
          );
        })}
      </div>
      <Details summary={`${countOf(days.length, 'day')} as a table`}>
        {() => (
          <Table
            caption="Photos by day"
            isCaptionHidden
            rows={days.toReversed()}
            keyOf={({ day }) => day}
            columns={{
              day: ({ day }) => day,
              found: ({ day, found }) => <PhotosLink now={now} filter={{ date: day }} count={found} />,
              decided: ({ decided }) => countText(decided),
              accepted: ({ accepted }) => countText(accepted),
            }}
          />
        )}
      </Details>
    </section>
  );
}
