import { isDeepStrictEqual } from 'node:util';
import { countOf } from '../../core/kernel/texts.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';
import {
  crawlPhotos,
  currentStrata,
  readCrawlSample,
  type CrawlPhoto,
  type CrawlSample,
  type DrawnStratum,
} from '../../core/shortlist/crawl-sample.repository.ts';
import { STRATA } from '../../core/kernel/strata.ts';
import { accuracyOnCrawl, validShareOf, type Stratum } from '../evaluate/metrics/crawl-estimate.ts';
import type { SeenByModel } from './model-reports.process.ts';
import { isCorrect } from '../evaluate/prediction.ts';
import type { CrawlAccuracy, Report } from './report.ts';

/** The strata of a crawl, its listed photos, and the drawn ones of the other strata. */
export interface JudgedCrawl {
  readonly strata: readonly DrawnStratum[];
  readonly photos: readonly CrawlPhoto[];
}

type WithReason = { readonly reason: string };

/** The reason tells why there can be no estimate. */
export async function readCrawl({ app: { db }, collection, scope }: Workspace): Promise<JudgedCrawl | WithReason> {
  if (collection.mode === 'O') return { reason: 'Photos of mode O show no class that a model could get right.' };
  const sample = await readCrawlSample(db, scope);
  if (sample === null)
    return { reason: 'Once all listed photos have a verdict, winnow shortlist --crawl-sample 100 draws photos of it.' };
  const now = { strata: await currentStrata(db, scope), photos: await crawlPhotos(db, scope) };
  const isSame = sample.decisionSha256 === scope.decisionSha256 && isDeepStrictEqual(membersOf(sample), membersOf(now));
  if (!isSame)
    return {
      reason: `The crawl, the list or the rules have changed since the sample was drawn. winnow shortlist --crawl-sample ${sample.wanted} draws again; verdicts stay.`,
    };
  return openReason(now.photos) ?? now;
}

function membersOf({ strata }: Pick<CrawlSample, 'strata'>): readonly string[] {
  return strata.filter(({ name }) => name !== 'listed').map(({ members }) => members);
}

/** People accept a photo of the crawl, so that the answer of a model to it counts. */
export const isValid = ({ verdict }: CrawlPhoto): boolean => verdict === 'accepted';

function openReason(photos: readonly CrawlPhoto[]): WithReason | null {
  const open = photos.filter(({ verdict }) => verdict === 'unreviewed' || verdict === 'disputed');
  const pruned = open.filter(({ hasBytes }) => !hasBytes).length;
  if (pruned > 0)
    return {
      reason: `The bytes of ${countOf(pruned, 'photo')} are deleted. winnow retry --reason pruned, crawl and shortlist bring them back.`,
    };
  if (open.length === 0) return null;
  const listed = open.filter(({ stratum }) => stratum === 'listed').length;
  const which = listed > 0 ? countOf(listed, 'listed photo') : countOf(open.length, 'drawn photo');
  return { reason: `${which} without a final verdict: winnow review asks for it.` };
}

export function crawlPart(
  crawl: JudgedCrawl | WithReason,
  seen: readonly Pick<SeenByModel, 'model' | 'crawl'>[],
): Pick<Report, 'crawl'> {
  if ('reason' in crawl) return { crawl };
  const valid = { share: null, ...validShareOf(strataOf(crawl, new Set())) };
  const strata = crawl.strata.map(({ name, photos }) => {
    const judged = crawl.photos.filter(({ stratum }) => stratum === name);
    return { name, photos, drawn: judged.length, valid: judged.filter(isValid).length };
  });
  const models = seen.filter(({ model }) => !model.isMember).map((one) => accuracyOf(crawl, one));
  return { crawl: { valid, strata, models } };
}

function accuracyOf(crawl: JudgedCrawl, seen: Pick<SeenByModel, 'model' | 'crawl'>): CrawlAccuracy {
  const {
    crawl: predictions,
    model: { card },
  } = seen;
  const none = { model: card.name, accuracy: null };
  const missing = predictions.filter((prediction) => prediction === null).length;
  if (missing > 0)
    return {
      ...none,
      reason: `It was fitted on ${countOf(missing, 'photo')} of the sample, or their bytes are deleted.`,
    };
  const isRight = predictions.map((prediction) => prediction !== null && isCorrect(prediction));
  const right = crawl.photos.filter(isValid).filter((_, i) => isRight[i]);
  const estimate = accuracyOnCrawl(strataOf(crawl, new Set(right)));
  if ('reason' in estimate) return { ...none, ...estimate };
  const { share, low, high } = estimate;
  return { model: card.name, accuracy: share, low, high };
}

function strataOf({ strata, photos }: JudgedCrawl, right: ReadonlySet<CrawlPhoto>): Stratum[] {
  return strata.map(({ name, photos: all }) => ({
    name: STRATA[name],
    photos: all,
    drawn: photos
      .filter(({ stratum }) => stratum === name)
      .map((photo) => ({ isValid: isValid(photo), isRight: right.has(photo) })),
  }));
}
