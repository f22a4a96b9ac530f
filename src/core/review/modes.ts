import type { Mode } from '../kernel/mode.ts';
import { MODE_O_REJECT_REASONS, REJECT_REASONS, type RejectReason } from '../kernel/reasons.ts';
import type { Judgement } from './events/event.ts';

interface ReviewMode extends Record<'ifPredicted' | 'ifNeither', Judgement> {
  readonly reasons: readonly RejectReason[];
  readonly criteria: string;
  readonly question: string;
}

export const REVIEW_MODES: Readonly<Record<Mode, ReviewMode>> = {
  A: {
    /** In the order of the keys 1 to 9. */
    reasons: REJECT_REASONS,
    criteria:
      'The photo clearly shows the class, and no other class of the list. It is a photograph, and sharp enough to be sure.',
    question: 'Is it a photograph of sufficient quality that shows its class, and no other?',
    /** The verdict of a person who sees the predicted class, or neither that class nor the one searched as. */
    ifPredicted: { verdict: 'reject', reason: 'wrong-class' },
    ifNeither: { verdict: 'reject', reason: 'wrong-class' },
  },
  O: {
    reasons: MODE_O_REJECT_REASONS,
    criteria: 'None of the 1,000 classes is visible. It is a photograph, and sharp enough to be sure.',
    question: 'Is any of the 1,000 classes visible?',
    ifPredicted: { verdict: 'reject', reason: 'in-distribution' },
    // The photo may still show another of the 1,000 classes.
    ifNeither: { verdict: 'unsure', reason: null },
  },
};
