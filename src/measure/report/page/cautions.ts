import type { Report } from '../report.ts';
import { trainingSentences } from '../../../core/kernel/training-text.ts';
import { countOf, countText } from '../../../core/kernel/texts.ts';
import { bestOutsider, outsidersOf } from './models.ts';
import { REPORT_TEXTS } from './modes.ts';

export const SECTION_TITLES = {
  funnel: 'The funnel',
  transfer: 'Transfer',
  confidence: 'Confidence',
  ood: 'Out of distribution',
  fairness: 'Fairness',
  set: 'What the set looks like',
  review: 'Reviews',
  why: 'What speaks for the classes',
  method: 'Method',
} as const;
export type SectionName = keyof typeof SECTION_TITLES;

export interface Caution {
  readonly section: SectionName;
  readonly text: string;
  readonly command: string | null;
}

/** With fewer photos, a Wilson interval of 50 % is wider than 20 points. */
const FEW_PHOTOS = 96;

export function cautionsOf(report: Report): Caution[] {
  return [...ofPhotos(report), ...ofModels(report)];
}

function ofPhotos(report: Report): Caution[] {
  const { set, collection, mode } = report;
  if (set.photos === 0) {
    const text = 'There is no photo to report on yet. Crawl, filter and review first.';
    return [{ section: 'funnel', text, command: `winnow run --collection ${collection}` }];
  }
  const few = `${countOf(set.photos, 'photo')} ${set.photos === 1 ? 'is' : 'are'} few: 95 % intervals are up to ${widthText(set.photos)} points wide, and those of a class wider. Compare intervals, not single numbers.`;
  return [
    ...(set.which === 'accepted' ? [] : [ofUnreviewed(report)]),
    ...(set.photos < FEW_PHOTOS ? [{ section: REPORT_TEXTS[mode].section, text: few, command: null }] : []),
  ];
}

function ofUnreviewed({ set, collection, funnel }: Report): Caution {
  const { selected } = funnel.totals;
  const accepted = selected === 0 ? 'no reviewer has accepted one' : `reviewers have accepted ${countText(selected)}`;
  return {
    section: 'funnel',
    text: `These are the ${set.which} photos: ${accepted}. Wrong labels among them count as mistakes of the models.`,
    command:
      selected === 0
        ? `winnow review --collection ${collection}`
        : `winnow report --collection ${collection} --photos accepted --out DIR`,
  };
}

function widthText(photos: number): string {
  const z = 1.96;
  return countText((100 * z) / Math.sqrt(photos + z * z));
}

function ofModels(report: Report): Caution[] {
  const { collection, mode, memberGap } = report;
  const cautions: Caution[] = [];
  const { section, outside } = REPORT_TEXTS[mode];
  const outsiders = outsidersOf(report);
  if (outsiders.every(({ sharesBackbone }) => sharesBackbone)) {
    const isAlone = report.leftOut.length === 0;
    const why =
      outsiders.length > 0
        ? 'The only measured models besides the members share the backbone of a member.'
        : isAlone
          ? 'No model but members of the filter was measured.'
          : 'No model but members of the filter could be measured: the others were left out, for the reasons under Method.';
    const text = `${why} Only another model shows whether the set is hard for others too.`;
    cautions.push({ section, text, command: isAlone ? 'winnow models add FILE' : null });
  }
  if (report[outside.key] === null) {
    const command = `winnow report --collection ${collection} ${outside.flag} DIR --out DIR`;
    cautions.push({ section, text: outside.missing, command });
  }
  if (memberGap !== null && memberGap.isLarge) {
    const { higher, lower, difference } = memberGap;
    const text = `The members ${higher} and ${lower} differ by ${(100 * difference).toFixed(1)} points on clean photos. The paper’s members were alike; here the weaker one may decide which photos are kept.`;
    cautions.push({ section, text, command: null });
  }
  return [...cautions, ...ofOverlap(report), ...ofFamily(report), ...ofTraining(report)];
}

/** Reports of an older winnow do not say what models were trained on. */
function ofTraining({ models, mode }: Report): Caution[] {
  const known = models.filter(({ trainingData }) => trainingData !== undefined);
  const named = known.map(({ model, trainingData, uploadedLater }) => ({ name: model, trainingData, uploadedLater }));
  const { section } = REPORT_TEXTS[mode];
  return trainingSentences(named, mode).map((text) => ({ section, text, command: null }));
}

/** If labels are wrong as often as the best model, the model's mistakes say little. */
function ofOverlap(report: Report): Caution[] {
  const best = bestOutsider(report);
  const { labelError } = report;
  if (best?.accuracy == null || labelError.labelErrorLow === null || labelError.labelErrorLow < 1 - best.accuracy)
    return [];
  const text = 'The label error is as large as the best model’s error: its mistakes may be ours.';
  return [{ section: 'transfer', text, command: null }];
}

/** A model of a member's family tends to fail on the same photos. */
function ofFamily(report: Report): Caution[] {
  const best = bestOutsider(report);
  const related = report.models.filter(({ isMember, family }) => isMember && family != null && family === best?.family);
  if (best === null || related.length === 0) return [];
  const members = related.map(({ model }) => model).join(' and ');
  const text = `${best.model}, the best model that did not filter, is of the same family as ${members} (${best.family}). Related models fail on the same photos, so the set may be harder for it than for others.`;
  return [{ section: REPORT_TEXTS[report.mode].section, text, command: null }];
}
