import * as z from 'zod';
import { quote } from '../../tools/quote.ts';
import { REVIEW_VERDICTS, type Judgement } from '../events/event.ts';
import {
  importedVerdict,
  judgementOf,
  type ImportedVerdict,
  type Problem,
  type VerdictRules,
  type VerdictsAndProblems,
} from './imported-verdict.ts';

/**
 * The verdicts in `samples.json` of a FiftyOne dataset of `winnow shortlist --format fiftyone`, exported as a
 * `FiftyOneDataset`. A verdict is a tag of the sample, or the label of a Classification in a field `verdict`: `accept`,
 * `unsure`, `reject`, or a reject with its reason, such as `reject:wrong-class`. Other tags are left alone.
 */

const sampleSchema = z
  .object({
    _id: z.object({ $oid: z.string() }).optional(),
    tags: z.array(z.string()).default([]),
    verdict: z.object({ label: z.string().nullish() }).nullish(),
    reviewer: z.string().nullish(),
    sha256: z.string(),
    searched_as_wnid: z.string(),
  })
  .transform(({ _id: id, ...sample }) => ({ ...sample, id: id?.$oid }));
type Sample = z.output<typeof sampleSchema>;

export function fiftyOneAnswers(samples: readonly unknown[], rules: VerdictRules): VerdictsAndProblems {
  const verdicts: ImportedVerdict[] = [];
  const problems: string[] = [];
  let unanswered = 0;
  for (const [i, value] of samples.entries()) {
    const parsed = sampleSchema.safeParse(value);
    const place = { line: i + 1, item: `sample ${parsed.data?.id ?? i + 1}` };
    const judgement = parsed.success ? judgementOfLabels(labelsOf(parsed.data), rules) : notOurs(parsed.error);
    const { sha256 = '', searched_as_wnid: wnid = '', reviewer } = parsed.data ?? {};
    const given = { ...place, sha256, wnid, reviewer: reviewer ?? '', at: '', note: '' };
    if (judgement === null) unanswered += 1;
    else {
      const read = 'problem' in judgement ? judgement : importedVerdict({ ...given, judgement }, rules);
      if ('problem' in read) problems.push(`${place.item}: ${read.problem}`);
      else verdicts.push(read);
    }
  }
  return { verdicts, problems, unanswered, skipped: 0 };
}

function notOurs({ issues: [issue] }: z.ZodError): Problem {
  return {
    problem: `expected a sample that winnow shortlist --format fiftyone has made, but its '${issue?.path.join('.') ?? ''}' is missing or of another type`,
  };
}

function labelsOf({ tags, verdict }: Sample): string[] {
  const given = tags.filter((tag) => REVIEW_VERDICTS.some((one) => one === partsOf(tag)[0].toLowerCase()));
  return [...given, ...(verdict?.label ? [verdict.label] : [])];
}

/** The `reject` and `wrong-class` of `reject:wrong-class`. */
function partsOf(label: string): [verdict: string, reason: string] {
  const [verdict = '', ...reason] = label.split(':').map((part) => part.trim());
  return [verdict, reason.join(':')];
}

/** `reject` beside `reject:wrong-class` says the same. */
function judgementOfLabels(labels: readonly string[], rules: VerdictRules): Judgement | Problem | null {
  const judgements: Judgement[] = [];
  for (const label of labels) {
    const read = judgementOf(...partsOf(label), rules);
    if ('problem' in read) return read;
    judgements.push(read);
  }
  const verdicts = new Set(judgements.map(({ verdict }) => verdict));
  const reasons = new Set(judgements.flatMap(({ reason }) => (reason === null ? [] : [reason])));
  if (verdicts.size > 1 || reasons.size > 1)
    return { problem: `expected one verdict but received ${labels.map(quote).join(' and ')}. Leave one.` };
  const [verdict] = verdicts;
  const [reason = null] = reasons;
  return verdict === undefined ? null : { verdict, reason };
}
