import type { ModelCard } from '../../collection/cards/model-card.ts';

export interface TrialOutcome {
  /** One row of outputs for each photo: logits, or logarithms of probabilities. */
  readonly rows: readonly Float32Array[];
  /** For each photo its correct output (null if the model does not know the photo's class) and its largest output. */
  readonly answers: readonly { readonly truth: number | null; readonly answer: number }[];
  readonly classes: number;
  readonly isSoftmax: boolean;
}

export interface Trial {
  readonly photos: number;
  readonly measured: number;
  readonly right: number;
  readonly expectedByChance: number;
  readonly verdict: 'ok' | 'not-finite' | 'constant' | 'chance';
  readonly isSoftmax: boolean;
}

/** If guessing matches the model with at least this probability, the model is no better than chance. */
const CHANCE_LEVEL = 0.01;
/** With fewer photos of its classes even a good model may look like guessing. */
const MIN_MEASURED = 16;

/** A model fails if it gives NaN or infinite values, the same answer for every photo, or answers no better than guesses. */
export function judge({ rows, answers, classes, isSoftmax }: TrialOutcome): Trial {
  const known = answers.filter(({ truth }) => truth !== null);
  const right = known.filter(({ truth, answer }) => truth === answer).length;
  const trial = {
    photos: rows.length,
    measured: known.length,
    right,
    expectedByChance: known.length / classes,
    isSoftmax,
  };
  if (rows.some((row) => row.some((value) => !Number.isFinite(value)))) return { ...trial, verdict: 'not-finite' };
  const [first] = rows;
  if (rows.every((row) => row.every((value, i) => value === first?.[i]))) return { ...trial, verdict: 'constant' };
  if (known.length >= MIN_MEASURED && atLeastByChance(right, known.length, 1 / classes) > CHANCE_LEVEL)
    return { ...trial, verdict: 'chance' };
  return { ...trial, verdict: 'ok' };
}

/** The tail of a binomial distribution: at least `right` of `photos` are right, each with probability `p`. */
function atLeastByChance(right: number, photos: number, p: number): number {
  let below = 0;
  let term = (1 - p) ** photos;
  for (let k = 0; k < right; k += 1) {
    below += term;
    term *= ((photos - k) / (k + 1)) * (p / (1 - p));
  }
  return Math.max(0, 1 - below);
}

/** `29 of 32 sample photos right (by chance: 0.03)` */
export function trialText({ photos, measured, right, expectedByChance }: Trial): string {
  if (measured === 0)
    return `ran on ${photos} sample photos; its accuracy is unknown, because none shows a class that it knows`;
  const rest = measured < MIN_MEASURED ? ', too few to judge the model' : '';
  return `${right} of ${measured} sample photos right (by chance: ${expectedByChance.toFixed(expectedByChance < 1 ? 2 : 0)}${rest})`;
}

export function refusalText(trial: Trial): string | null {
  if (trial.verdict === 'ok') return null;
  if (trial.verdict === 'not-finite')
    return `gives values that are not finite numbers (NaN or infinity) for sample photos`;
  if (trial.verdict === 'constant') return `gives the same values for all of ${trial.photos} sample photos`;
  return `is no better than chance: ${trialText(trial)}`;
}

/** True if a model is mostly wrong on enough photos to tell. Its card may describe the preprocessing wrongly. */
export function isDoubtful({ verdict, measured, right }: Trial): boolean {
  return verdict === 'ok' && measured >= 8 && right * 2 < measured;
}

/** Why a model must not be used as its card describes it, or null. An untrained one only needs finite values. */
export function problemOfTrial(
  { trained, outputs }: Pick<ModelCard, 'trained' | 'outputs'>,
  trial: Trial,
): string | null {
  const refusal = trained || trial.verdict === 'not-finite' ? refusalText(trial) : null;
  const values = outputs.values ?? 'logits';
  return refusal ?? (trial.isSoftmax === (values === 'probabilities') ? null : valuesText(values));
}

function valuesText(values: 'logits' | 'probabilities'): string {
  return values === 'logits'
    ? "gives probabilities although its card says logits: write 'values: probabilities' into its outputs"
    : "does not give probabilities although its card says so: remove 'values' from its outputs";
}
