import { execFileSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { rankingOf } from '../../../src/evaluate/metrics/answer.ts';
import { rmsCalibrationError } from '../../../src/evaluate/metrics/calibration.ts';
import { aurra } from '../../../src/evaluate/metrics/response-rate.ts';
import { softF1 } from '../../../src/evaluate/metrics/soft-f1.ts';
import { auroc, averagePrecision, fpr95, thresholdsOf } from '../../../src/evaluate/metrics/thresholds.ts';
import { wilsonInterval } from '../../../src/evaluate/metrics/wilson.ts';
import { agreementOf, countVerdicts } from '../../../src/review/agreement/agreement.ts';
import { REVIEW_VERDICTS, type ReviewVerdict } from '../../../src/review/events/event.ts';
import { type Random, seededRandom } from '../../support/random.ts';
import { repositoryRoot } from '../../support/winnow.ts';

/** A Python with scripts/interop/requirements.txt, which `npm run test:interop` installs. */
const PYTHON = process.env['WINNOW_INTEROP_PYTHON'] ?? '';
const WITHOUT_PYTHON = 'WINNOW_INTEROP_PYTHON names no Python (npm run test:interop installs one)';
/** PyTorch takes a minute to load while the machine is busy. */
const TIMEOUT_MS = 600_000;
const CASES = 20;

interface Answers {
  readonly confidence: readonly number[];
  readonly correct: readonly number[];
}

/** The input of scripts/interop/check_metrics.py. */
interface Case extends Answers {
  readonly positives: readonly number[];
  readonly negatives: readonly number[];
  readonly tenths: Answers;
  readonly successes: number;
  readonly trials: number;
  readonly first: readonly number[];
  readonly second: readonly number[];
}

function list<Value>(count: number, make: (i: number) => Value): Value[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

function answersOf(confidence: readonly number[], random: Random): Answers {
  return { confidence, correct: confidence.map((value) => Number(random.next() < 0.7 * value)) };
}

/** Every other case has scores with many ties. */
function makeCase(i: number): Case {
  const random = seededRandom(i + 1);
  const isTied = i % 2 === 1;
  const score = (power: number): number =>
    isTied ? Math.round(random.next() ** power * 20) / 20 : random.next() ** power;
  const trials = 1 + random.below(i < 10 ? 30 : 20_000);
  const first = list(20 + random.below(300), () => random.below(3));
  return {
    positives: list(5 + random.below(400), () => score(1)),
    negatives: list(5 + random.below(900), () => score(1.5)),
    ...answersOf(
      list(100 + random.below(2_000), () => random.next()),
      random,
    ),
    tenths: answersOf(random.shuffle(list(1000, (k) => ((k % 10) + 0.001 + 0.998 * random.next()) / 10)), random),
    successes: random.below(trials + 1),
    trials,
    first,
    second: first.map((verdict) => (random.next() < 0.6 ? verdict : random.below(3))),
  };
}

function verdictOf(position: number | undefined): ReviewVerdict {
  return REVIEW_VERDICTS[position ?? 0] ?? 'unsure';
}

/** The same names as in scripts/interop/check_metrics.py. */
function ourMetrics(one: Case): Record<string, number | null | undefined> {
  const thresholds = thresholdsOf(one);
  const answers = ({ confidence, correct }: Answers) =>
    confidence.map((value, i) => ({ confidence: value, isCorrect: correct[i] === 1 }));
  const interval = wilsonInterval(one.successes, one.trials);
  const verdicts = new Map<string, number>();
  one.first.forEach((verdict, i) => countVerdicts(verdicts, [verdictOf(verdict), verdictOf(one.second[i])]));
  const agreement = agreementOf(verdicts);
  return {
    'average precision (scikit-learn)': averagePrecision(thresholds),
    'AUROC (scikit-learn)': auroc(thresholds),
    'FPR95 nearest (upstream)': fpr95(thresholds, 'nearest'),
    'FPR95 first (scikit-learn)': fpr95(thresholds, 'first'),
    'RMS calibration error (upstream, all bins)': rmsCalibrationError(rankingOf(answers(one)), 'corrected'),
    'RMS calibration error (upstream)': rmsCalibrationError(rankingOf(answers(one)), 'upstream-compatible'),
    'RMS calibration error (torchmetrics)': rmsCalibrationError(rankingOf(answers(one.tenths)), 'corrected'),
    'AURRA (upstream)': aurra(rankingOf(answers(one))),
    'soft F1 (upstream)': softF1(rankingOf(answers(one))),
    'Wilson interval, low (scipy)': interval?.low,
    'Wilson interval, high (scipy)': interval?.high,
    'kappa (scikit-learn)': agreement.cohenKappa,
    'alpha (krippendorff)': agreement.krippendorffAlpha,
  };
}

describe('metrics of a report', { timeout: TIMEOUT_MS }, () => {
  it(`equal those of Python's libraries on ${CASES} random cases`, (context) => {
    context.skip(PYTHON === '', WITHOUT_PYTHON);
    const cases = list(CASES, makeCase);
    const script = path.join(repositoryRoot, 'scripts', 'interop', 'check_metrics.py');
    const options = { input: JSON.stringify(cases), maxBuffer: 2 ** 26, encoding: 'utf8' } as const;
    const theirs = JSON.parse(execFileSync(PYTHON, [script], options)) as readonly Record<string, number>[];
    expect(theirs).toHaveLength(CASES);
    const largest: Record<string, number> = {};
    for (const [i, one] of cases.entries()) {
      const ours = ourMetrics(one);
      expect(Object.keys(ours)).toEqual(Object.keys(theirs[i] ?? {}));
      for (const [name, value] of Object.entries(theirs[i] ?? {})) {
        largest[name] = Math.max(largest[name] ?? 0, Math.abs((ours[name] ?? Number.NaN) - value));
      }
    }
    console.log('largest differences', largest);
    const tooLarge = Object.entries(largest).filter(([, difference]) => !(difference < 1e-12));
    expect(tooLarge).toEqual([]);
  });
});
