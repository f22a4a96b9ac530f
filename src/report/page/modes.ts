import type { Mode } from '../../kernel/mode.ts';
import type { ModelReport } from '../report.ts';

/** The texts of a report that differ between the modes. */
interface ReportTexts {
  /** The section with the models' main numbers. */
  readonly section: 'transfer' | 'ood';
  /** The rows of the confusion matrix. */
  readonly rows: string;
  /** The number that tells how good a model is, 0..1. */
  readonly valueOf: (model: ModelReport) => number | null;
  /** True if the rule decides which answers of a member are wrong, so its numbers are no finding. */
  readonly rulesMembers: boolean;
  /** Photos that are needed for the main numbers, and the caution if there are none. */
  readonly outside: { readonly key: 'clean' | 'inDistribution'; readonly flag: string; readonly missing: string };
}

export const REPORT_TEXTS: Readonly<Record<Mode, ReportTexts>> = {
  A: {
    section: 'transfer',
    rows: 'searched as',
    valueOf: ({ accuracy }) => accuracy,
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
    valueOf: ({ ood }) => ood?.aupr ?? null,
    rulesMembers: false,
    outside: {
      key: 'inDistribution',
      flag: '--in-distribution',
      missing: 'No photos in the distribution were given, so detection cannot be measured.',
    },
  },
};
