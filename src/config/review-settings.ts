import * as z from 'zod';
import { wholeNumber } from './schema-problems.ts';
import { setting } from './setting.ts';

export const REVIEW_SETTINGS = {
  'review.secondPass': setting(
    z.number().min(0).max(1).describe('a number from 0 to 1'),
    0.1,
    'Share of the listed photos that a second person reviews without seeing the first verdict. Each photo is drawn with this chance. It can be changed at any time; a running server reads it when it starts again.',
  ),
  'review.target': setting(
    wholeNumber(1).nullable(),
    null,
    'Accepted photos that each class should have. The shortlist lists no more photos of a class than could be needed for it. null: no target.',
  ),
  'review.leaseMs': setting(
    wholeNumber(1_000, 86_400_000),
    600_000,
    'How long a photo is kept for the reviewer to whom it was sent, in milliseconds. Then another reviewer gets it.',
  ),
  'review.outsideModels': setting(
    z.array(z.string().trim().min(1)).describe('a list of model cards'),
    ['efficientnet-lite2'],
    'Models outside the ensemble whose predictions reviewers see. They take no part in decisions; `winnow shortlist` runs them on listed photos.',
  ),
} as const;
