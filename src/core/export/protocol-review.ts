import * as z from 'zod';
import { SHOWN_BY } from '../review/events/event.ts';
import { count, FEW, listOf, MANY, share } from './bounded.ts';

const day = z.iso.date();
export const period = z.strictObject({ first: day, last: day });

const agreementSchema = z.strictObject({
  photos: count,
  /** 0..100 */
  percent: z.number().nullable(),
  cohenKappa: z.number().nullable(),
  cohenKappaLow: z.number().nullable(),
  cohenKappaHigh: z.number().nullable(),
  krippendorffAlpha: z.number().nullable(),
  krippendorffAlphaLow: z.number().nullable(),
  krippendorffAlphaHigh: z.number().nullable(),
});

const acceptanceSchema = z.strictObject({
  accepted: count,
  sampled: count,
  wrong: count,
  unsettled: count,
  pending: count,
  labelError: share.nullable(),
  labelErrorLow: share.nullable(),
  labelErrorHigh: share.nullable(),
  state: z.enum(['pass', 'fail', 'open', 'none']),
  morePhotos: count,
  maxLabelError: share.nullable(),
  confidence: share,
  /** Exports that were made before winnow counted looks lack the rest. */
  unfinished: count.optional(),
  inspectedBefore: count.optional(),
  looks: count.min(1).optional(),
  look: count.min(1).nullable().optional(),
  draw: count.min(1).optional(),
  drawAgain: z.enum(['plan-changed', 'looks-used']).nullable().optional(),
});

const pooledAccuracySchema = z.strictObject({
  photos: count,
  /** Only older exports have these two. */
  answers: count.optional(),
  people: count.optional(),
  accuracy: share.nullable(),
  low: share.nullable(),
  high: share.nullable(),
});

const pooledFigureSchema = z.strictObject({ set: pooledAccuracySchema, control: pooledAccuracySchema.nullable() });

const humanAccuracySchema = z.strictObject({
  people: listOf(
    z.strictObject({
      /** A letter. */
      reviewer: z.string(),
      photos: count,
      right: count,
      accuracy: share.nullable(),
      low: share.nullable(),
      high: share.nullable(),
      controlPhotos: count,
      controlRight: count,
      choices: count.nullable(),
    }),
    MANY,
  ),
  pooled: pooledFigureSchema,
  /** Exports of 0.9 and earlier lack it. There `pooled` is about new people, too. */
  newPeople: pooledFigureSchema.nullable().optional(),
});

/** The part `review` of `protocol.json`: what people said of the photos. */
export const reviewSchema = z.strictObject({
  /** The owner's criteria for accepting a photo; null for those of the program. */
  criteria: z.string().nullable(),
  /** The setting `review.secondPass` at the export. `agreement.photos` has the result. */
  secondPass: share,
  /** The setting `review.target` at the export; null without a target. */
  target: count.nullable(),
  reviewers: count,
  /** `import`: photos that no page showed. */
  orders: listOf(z.strictObject({ order: z.enum([...SHOWN_BY, 'import']), verdicts: count }), FEW),
  /** Days (UTC) of the first and the last verdict; null without verdicts. */
  period: period.nullable(),
  agreement: agreementSchema,
  /** Exports that were made before winnow estimated it lack it. */
  acceptance: acceptanceSchema.optional(),
  /** Mode A, of all accepted photos (`winnow quiz results`). Exports that were made before winnow measured it lack it. */
  human: humanAccuracySchema.optional(),
  /** Photos that clearly show further classes (`also_wnids`). Exports that were made before winnow asked for them lack it. */
  alsoPhotos: count.optional(),
});
