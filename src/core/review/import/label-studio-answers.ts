import * as z from 'zod';
import { quote } from '../../tools/quote.ts';
import { answersOf, NEITHER } from '../../shortlist/label-studio.ts';
import type { Judgement } from '../events/event.ts';
import {
  importedVerdict,
  type ImportedVerdict,
  type Problem,
  type VerdictRules,
  type VerdictsAndProblems,
} from './imported-verdict.ts';
import { REVIEW_MODES } from '../modes.ts';

/**
 * The answers in a JSON export of Label Studio, of tasks of `winnow shortlist --format label-studio`. Source:
 * https://labelstud.io/guide/export, "Raw JSON format of completed tasks", and for JSON-MIN `convert_to_json_min` of
 * the package `label-studio-sdk`, which the export of Label Studio runs.
 */

const dataSchema = z.looseObject({
  sha256: z.string(),
  wnid: z.string(),
  name: z.string(),
  confusionWnid: z.string(),
  confusionName: z.string(),
});
type TaskData = z.output<typeof dataSchema>;

const personSchema = z.union([z.number(), z.string(), z.looseObject({ id: z.number(), email: z.string().optional() })]);

const annotationSchema = z.looseObject({
  completed_by: personSchema.nullish(),
  was_cancelled: z.boolean().nullish(),
  updated_at: z.string().nullish(),
  result: z.array(
    z.looseObject({
      from_name: z.string().optional(),
      value: z.looseObject({ choices: z.array(z.string()).optional() }).optional(),
    }),
  ),
});
type Annotation = z.output<typeof annotationSchema>;

const taskSchema = z.looseObject({
  id: z.number().optional(),
  data: dataSchema,
  annotations: z.array(annotationSchema).default([]),
});
type Task = z.output<typeof taskSchema>;

const minimalSchema = dataSchema.extend({
  id: z.number().optional(),
  class: z.union([z.string(), z.array(z.looseObject({ choices: z.array(z.string()) }))]).optional(),
  annotator: personSchema.nullish(),
  updated_at: z.string().nullish(),
});

export function labelStudioAnswers(items: readonly unknown[], rules: VerdictRules): VerdictsAndProblems {
  const verdicts: ImportedVerdict[] = [];
  const problems: string[] = [];
  let [unanswered, skipped] = [0, 0];
  for (const [i, item] of items.entries()) {
    const task = taskOf(item);
    if (typeof task === 'string') {
      problems.push(`task ${i + 1} of the file: ${task}`);
      continue;
    }
    const place = { line: i + 1, item: `task ${task.id ?? i + 1}` };
    const given = task.annotations.filter((annotation) => annotation.was_cancelled !== true);
    const answered = given.filter((annotation) => choicesOf(annotation).length > 0);
    skipped += task.annotations.length - given.length;
    if (answered.length === 0 && given.length === task.annotations.length) unanswered += 1;
    for (const annotation of answered) {
      const { sha256, wnid } = task.data;
      const reviewer = nameOf(annotation.completed_by);
      const judgement = judgementOfChoices(task.data, choicesOf(annotation), rules);
      const said = { ...place, sha256, wnid, judgement, reviewer, at: annotation.updated_at ?? '', note: '' };
      const read = importedVerdict(said, rules);
      if ('problem' in read) problems.push(`${place.item}: ${read.problem}`);
      else verdicts.push(read);
    }
  }
  return { verdicts, problems, unanswered, skipped };
}

function taskOf(item: unknown): Task | string {
  const isMinimal = typeof item === 'object' && item !== null && !('data' in item);
  const read = isMinimal ? minimalSchema.transform(taskOfMinimal).safeParse(item) : taskSchema.safeParse(item);
  if (read.success) return read.data;
  const path = read.error.issues[0]?.path ?? [];
  const place = path.length === 0 ? '' : ` for '${path.join('.')}'`;
  return `expected a task that winnow shortlist --format label-studio has made but received ${quote(valueAt(item, path))}${place}`;
}

function taskOfMinimal({ id, class: answer, annotator, updated_at, ...data }: z.output<typeof minimalSchema>): Task {
  const choices = typeof answer === 'string' ? [answer] : (answer ?? []).flatMap((one) => one.choices);
  const result = choices.length === 0 ? [] : [{ from_name: 'class', value: { choices } }];
  return { id, data, annotations: [{ completed_by: annotator, updated_at, result }] };
}

function valueAt(item: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    item,
  );
}

/** The choices of the control `class` in `config/label-studio.xml`. */
function choicesOf({ result }: Annotation): string[] {
  return result.flatMap(({ from_name: control, value }) => (control === 'class' ? (value?.choices ?? []) : []));
}

function judgementOfChoices(data: TaskData, choices: readonly string[], rules: VerdictRules): Judgement | Problem {
  const [searchedAs, predicted] = answersOf(data);
  const [choice] = new Set(choices);
  if (new Set(choices).size > 1)
    return { problem: `expected one answer but received ${choices.map(quote).join(' and ')}` };
  if (choice === searchedAs) return { verdict: 'accept', reason: null };
  const { ifPredicted, ifNeither } = REVIEW_MODES[rules.mode];
  if (choice === predicted) return ifPredicted;
  if (choice === NEITHER) return ifNeither;
  const expected = [searchedAs, predicted, NEITHER].map(quote).join(', ');
  return {
    problem: `expected one of the answers ${expected} for ${quote('class')} but received ${quote(choice)}. Take the labelling setup of config/label-studio.xml.`,
  };
}

/** An e-mail address if the export has it. */
function nameOf(person: Annotation['completed_by']): string {
  if (person === undefined || person === null) return '';
  if (typeof person === 'number') return `label-studio ${person}`;
  return typeof person === 'string' ? person : (person.email ?? nameOf(person.id));
}
