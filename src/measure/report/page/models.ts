import type { ModelReport, Report } from '../report.ts';
import { REPORT_TEXTS } from './modes.ts';

export interface MarkedModel {
  readonly model: ModelReport;
  readonly letter: string;
  readonly colour: string;
  readonly dash: string | undefined;
}

/** With more curves, a chart cannot be read. The tables have all models. */
export const MOST_CURVES = 6;
const DASHES = [undefined, '7 3', '2 2.5', '9 3 2 3', '4 2', '1 3'];

/** The models in the order of the report; from the seventh on they look alike. */
export function markedModels({ models }: Pick<Report, 'models'>): MarkedModel[] {
  return models.map((model, i) => ({
    model,
    letter: i < 26 ? String.fromCodePoint(65 + i) : String(i + 1),
    colour: `m${Math.min(i + 1, MOST_CURVES)}`,
    dash: DASHES[Math.min(i, MOST_CURVES - 1)],
  }));
}

/** The people who answered in the quiz, by letters, and if they are several, what they say about new photos and new people. */
export function peopleOf({ human }: Pick<Report, 'human'>) {
  if (human === undefined) return [];
  const people = human.people.map(({ reviewer, ...one }) => ({ name: `Person ${reviewer}`, ...one }));
  if (people.length < 2) return people;
  const same = { name: 'These people, new photos', ...human.pooled.set };
  return [...people, same, ...(human.newPeople == null ? [] : [{ name: 'New people', ...human.newPeople.set }])];
}

export function outsidersOf({ models }: Pick<Report, 'models'>): ModelReport[] {
  return models.filter(({ isMember }) => !isMember);
}

/**
 * The model that was no member and is right most often (mode O: tells the sets apart best). A model that runs the file
 * of a member is not among them: with the features of a member, it has helped to filter.
 */
export function bestOutsider(report: Pick<Report, 'models' | 'mode'>): ModelReport | null {
  const valueOf = (model: ModelReport): number => REPORT_TEXTS[report.mode].valueOf(model) ?? -1;
  const independent = outsidersOf(report).filter(({ sharesBackbone }) => !sharesBackbone);
  const [best] = independent.toSorted((a, b) => valueOf(b) - valueOf(a));
  return best === undefined || valueOf(best) < 0 ? null : best;
}

/** The rows of each key with most photos: a head leaves out those that it was fitted on. */
export function mostPhotos<Row extends { readonly photos: number }>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): Row[] {
  const most = new Map<string, Row>();
  for (const row of rows) if (row.photos > (most.get(keyOf(row))?.photos ?? 0)) most.set(keyOf(row), row);
  return [...most.values()];
}
