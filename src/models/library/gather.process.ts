import path from 'node:path';
import { loadClassTable } from '../../collection/class-table.process.ts';
import { readModelClasses } from '../../collection/cards/model-card.process.ts';
import type { ModelClasses } from '../../collection/cards/model-classes.ts';
import { quote } from '../../config/quote.ts';
import { UsageError } from '../../kernel/errors.ts';
import type { GraphDescription } from '../../platform/onnx/graph.ts';
import { openQuestions, type GivenFacts, type PictureInput, type Question } from './draft.process.ts';
import { parseNormalisation } from './normalisation.ts';

export type Ask = (question: Question) => Promise<string>;

export interface Gathering {
  readonly graph: GraphDescription;
  readonly input: PictureInput;
  readonly workingDir: string;
  readonly source: string;
}

/**
 * Takes the facts from flags first. On a terminal it then asks for the rest. Otherwise it throws one error that lists all
 * missing facts.
 */
export async function gather(
  { given: flags, ask }: { readonly given: GivenFacts; readonly ask: Ask | null },
  { graph, input, workingDir, source }: Gathering,
): Promise<{ given: GivenFacts; classes: ModelClasses }> {
  const table = await loadClassTable();
  let given: GivenFacts = { ...flags, name: flags.name ?? (ask === null ? stemOf(source) : undefined) };
  let classes: ModelClasses | null = null;
  for (;;) {
    if (classes === null && given.classes !== undefined)
      classes = await readModelClasses(path.resolve(workingDir, given.classes), given.classes, table);
    const facts = { input, width: classes?.count ?? null, fileStem: stemOf(source) };
    const questions = openQuestions(graph, given, facts);
    const [first] = questions;
    if (first === undefined) break;
    if (ask === null) throw missingFacts(questions);
    given = Object.assign({}, given, { [first.fact]: answerTo(first, await ask(first)) });
  }
  if (given.normalise !== undefined) parseNormalisation(given.normalise);
  if (classes === null) throw missingFacts([]);
  return { given, classes };
}

function answerTo(question: Question, answer: string): string | number {
  const text = answer.trim() === '' ? question.suggestion : answer.trim();
  if (text === null)
    throw new UsageError(`Expected ${question.text} but received nothing`, { code: 'model-facts-missing' });
  if (question.fact === 'layout' && text !== 'nchw' && text !== 'nhwc')
    throw new UsageError(`Expected nchw or nhwc but received ${quote(text)}`, { code: 'layout' });
  if (question.fact !== 'size' && question.fact !== 'resize') return text;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new UsageError(`Expected a number of pixels but received ${quote(text)}`, { code: 'pixels' });
}

function missingFacts(questions: readonly Question[]): UsageError {
  const list = questions.map(({ fact, text, suggestion }) => {
    const hint = suggestion === null ? '' : `; often ${suggestion}`;
    return `\n  --${fact}: ${text}${hint}`;
  });
  return new UsageError(
    `The file does not state these facts, and there is no terminal to ask on. Give them as flags:${list.join('')}`,
    {
      code: 'model-facts-missing',
    },
  );
}

function stemOf(file: string): string {
  return path
    .basename(file)
    .replace(/\.onnx$/i, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64);
}
