import type { Mode } from '../../../core/kernel/mode.ts';
import type { ModelReport } from '../report.ts';

export const REPORT_TEXTS = {
  A: {
    section: 'transfer',
    rows: 'searched as',
    valueOf: ({ accuracy }: ModelReport) => accuracy,
    /** True if the rule decides which answers of a member are wrong, so its numbers are no finding. */
    rulesMembers: true,
    outside: {
      key: 'clean',
      flag: '--clean',
      missing:
        'No clean photos were given, so nothing says how much of the error is the set’s: a model may be as bad on ordinary photos.',
    },
  },
  O: {
    section: 'ood',
    rows: 'concept',
    valueOf: ({ ood }: ModelReport) => ood?.auroc ?? null,
    rulesMembers: false,
    outside: {
      key: 'inDistribution',
      flag: '--in-distribution',
      missing: 'No photos in the distribution were given, so detection cannot be measured.',
    },
  },
} as const satisfies Record<Mode, object>;
