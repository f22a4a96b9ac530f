import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { quote } from '../../tools/quote.ts';
import { UsageError, messageOf } from '../../kernel/errors.ts';
import { csvRows, listRows } from '../../crawl/sources/csv-rows.process.ts';
import { withoutMark } from '../../crawl/sources/inflate.process.ts';
import type { ListRow } from '../../crawl/sources/list-columns.ts';
import { fiftyOneAnswers } from './fiftyone-answers.ts';
import {
  importedVerdict,
  judgementOf,
  type ImportedVerdict,
  type Problem,
  type ReadVerdicts,
  type VerdictRules,
  type VerdictsAndProblems,
} from './imported-verdict.ts';
import { labelStudioAnswers } from './label-studio-answers.ts';

const PROBLEMS_SHOWN = 10;

/**
 * Reads a CSV table, a JSON export of Label Studio, or a FiftyOne dataset (`samples.json` or its folder): the content
 * says which. If anything is wrong, nothing is returned, so that no part of a file is imported.
 * @throws UsageError `verdicts-file`: the file cannot be read, or a sentence for each of the first wrong rows
 */
export async function readVerdicts(given: string, rules: VerdictRules): Promise<ReadVerdicts> {
  const file = await fileOf(given).catch((error: unknown) => unusable(given, messageOf(error)));
  const { problems, ...read } = (await isJson(file)) ? await readJson(file, rules) : await readTable(file, rules);
  if (problems.length > 0) throw wrongItems(file, problems);
  return read;
}

async function fileOf(given: string): Promise<string> {
  return (await stat(given)).isDirectory() ? path.join(given, 'samples.json') : given;
}

async function isJson(file: string): Promise<boolean> {
  const handle = await open(file).catch((error: unknown) => unusable(file, messageOf(error)));
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(1024) });
    return /^\uFEFF?\s*[[{]/.test(buffer.toString('utf8', 0, bytesRead));
  } finally {
    await handle.close();
  }
}

async function readJson(file: string, rules: VerdictRules): Promise<VerdictsAndProblems> {
  const content = parsed(file, await readFile(file, 'utf8'));
  if (Array.isArray(content)) return labelStudioAnswers(content, rules);
  const samples: unknown = Reflect.get(Object(content), 'samples');
  if (Array.isArray(samples)) return fiftyOneAnswers(samples, rules);
  const keys = Object.keys(Object(content)).slice(0, 5).map(quote).join(', ');
  return unusable(
    file,
    `it is neither a list of tasks nor the samples.json of a FiftyOne dataset: it has ${keys === '' ? 'no keys' : keys}`,
  );
}

function parsed(file: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    return unusable(file, messageOf(error));
  }
}

async function readTable(file: string, rules: VerdictRules): Promise<VerdictsAndProblems> {
  const text = await withoutMark(createReadStream(file)).catch((error: unknown) => unusable(file, messageOf(error)));
  if (text === null) return unusable(file, 'it is UTF-16; save it as UTF-8');
  const describeError = (error: unknown): never => unusable(file, messageOf(error));
  const rows = listRows(csvRows(text, { delimiter: ',', isQuoted: true, encoding: 'utf8', describeError }), {
    fieldOfName: new Map(VERDICT_COLUMNS.map((name) => [name, name])),
    required: ['sha256', 'wnid', 'verdict'],
    separatedBy: 'commas',
    where: file,
    advice: 'reason, reviewer, note and at are optional columns',
    code: CODE,
    unusable: (received) => new UsageError(`Cannot read the header of ${quote(file)}: ${received}.`, { code: CODE }),
  });
  const verdicts: ImportedVerdict[] = [];
  const problems: string[] = [];
  for await (const row of rows) {
    const read = readVerdictRow(row, rules);
    if ('problem' in read) problems.push(`line ${row.line}: ${read.problem}`);
    else verdicts.push(read);
  }
  return { verdicts, problems, unanswered: 0, skipped: 0 };
}

const CODE = 'verdicts-file';

function unusable(file: string, why: string): never {
  throw new UsageError(
    `Cannot read the verdicts in ${quote(file)}: ${why}. Give a CSV table, a JSON export of Label Studio, or a FiftyOne dataset.`,
    { code: CODE },
  );
}

function wrongItems(file: string, problems: readonly string[]): UsageError {
  const more = problems.length > PROBLEMS_SHOWN ? [`and ${problems.length - PROBLEMS_SHOWN} more`] : [];
  const lines = [...problems.slice(0, PROBLEMS_SHOWN), ...more].map((problem) => `  ${problem}`);
  return new UsageError(`Nothing was imported from ${file}. Correct this and import it again:\n${lines.join('\n')}`, {
    code: CODE,
  });
}

const VERDICT_COLUMNS = ['sha256', 'wnid', 'verdict', 'reason', 'reviewer', 'note', 'at'] as const;

function readVerdictRow({ line, error, values }: ListRow, rules: VerdictRules): ImportedVerdict | Problem {
  if (error !== null) return { problem: error };
  const text = (column: (typeof VERDICT_COLUMNS)[number]): string => (values.get(column) ?? '').trim();
  const judgement = judgementOf(text('verdict'), text('reason'), rules);
  const [sha256, wnid, reviewer, at, note] = [text('sha256'), text('wnid'), text('reviewer'), text('at'), text('note')];
  return importedVerdict({ line, sha256, wnid, judgement, reviewer, at, note }, rules);
}
