import { describe, expect, it } from 'vitest';
import { labelStudioAnswers } from '../../../../../src/core/review/import/label-studio-answers.ts';
import type { VerdictRules } from '../../../../../src/core/review/import/imported-verdict.ts';
import { labelStudioTasks } from '../../../../../src/core/shortlist/label-studio.ts';
import { sha256Of } from '../../../../support/sha256.ts';
import { keptPhoto, shortlistAll } from '../../shortlist/sample-rows.ts';
import { sampleRights } from '../../../../support/sample-rights.ts';

const RULES: VerdictRules = {
  mode: 'A',
  resolveClass: (label) =>
    label.startsWith('n0') ? { ok: true, wnid: label } : { ok: false, detail: `'${label}' names no class` },
};

/** Tasks as the shortlist writes them: dragonflies that the models take for a banjo. */
function tasks(names: readonly string[], confusionName = 'banjo'): { data: Record<string, unknown> }[] {
  const rows = shortlistAll(
    names.map((name, i) => keptPhoto(name, { maxTrueProb: i / 100 })),
    { cap: 15, nearDuplicateDistance: 0 },
  );
  const photos = rows.map((row) => ({ ...row, rights: sampleRights(), name: 'dragonfly', confusionName }));
  const places = { pathOf: (sha256: string) => `/blobs/${sha256}`, blobsFolder: '/blobs', ensemble: ['m'] };
  return JSON.parse(labelStudioTasks(photos, places));
}

/** One annotation of the export "JSON", with the fields that Label Studio 1.23.2 writes. */
function annotation(choice: string | readonly string[] | null, changes: object = {}): object {
  const choices = typeof choice === 'string' ? [choice] : choice;
  const result = {
    value: { choices },
    id: 'x',
    from_name: 'class',
    to_name: 'image',
    type: 'choices',
    origin: 'manual',
  };
  const times = { created_at: '2026-11-26T09:00:00.123456Z', updated_at: '2026-11-26T09:30:00.123456Z' };
  const others = { id: 1, ground_truth: false, draft_created_at: null, lead_time: 3.5, prediction: {} };
  const results = choices === null ? [] : [result];
  return { ...others, ...times, completed_by: 1, result: results, was_cancelled: false, ...changes };
}

function exported(annotations: readonly (readonly object[])[], confusionName?: string): object[] {
  const names = annotations.map((_, i) => `photo ${i}`);
  return tasks(names, confusionName).map((task, i) => ({
    id: 100 + i,
    ...task,
    annotations: annotations[i],
    drafts: [],
  }));
}

describe('answers of Label Studio', () => {
  it('are verdicts of the people who gave them', () => {
    const items = exported([
      [annotation('dragonfly', { completed_by: { id: 3, email: 'ana@example.org' } })],
      [annotation('banjo', { completed_by: 7 }), annotation('dragonfly', { completed_by: 'bo@example.org' })],
      [annotation('neither', { completed_by: null })],
    ]);
    const { verdicts, ...rest } = labelStudioAnswers(items, RULES);
    expect(rest).toEqual({ problems: [], unanswered: 0, skipped: 0 });
    expect(verdicts.map(({ item, reviewer, verdict, reason, at }) => [item, reviewer, verdict, reason, at])).toEqual([
      ['task 100', 'ana@example.org', 'accept', null, '2026-11-26T09:30:00.123Z'],
      ['task 101', 'label-studio 7', 'reject', 'wrong-class', '2026-11-26T09:30:00.123Z'],
      ['task 101', 'bo@example.org', 'accept', null, '2026-11-26T09:30:00.123Z'],
      ['task 102', 'import', 'reject', 'wrong-class', '2026-11-26T09:30:00.123Z'],
    ]);
    expect(verdicts[0]).toMatchObject({ sha256: sha256Of('photo 0'), wnid: 'n02268443', line: 1, note: '' });
  });

  it('say in mode O that the predicted class is in-distribution, and of neither class nothing for sure', () => {
    const items = exported([[annotation('dragonfly')], [annotation('banjo')], [annotation('neither')]]);
    const { verdicts } = labelStudioAnswers(items, { ...RULES, mode: 'O' });
    expect(verdicts.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ['accept', null],
      ['reject', 'in-distribution'],
      ['unsure', null],
    ]);
  });

  it('are told apart by the ids of classes whose names are equal', () => {
    const items = exported(
      [[annotation('dragonfly (n02268443)')], [annotation('dragonfly (n02787622)')], [annotation('dragonfly')]],
      'dragonfly',
    );
    const { verdicts, problems } = labelStudioAnswers(items, RULES);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['accept', 'reject']);
    expect(problems).toEqual([
      expect.stringMatching(
        /^task 102: .*'dragonfly \(n02268443\)'.* but received 'dragonfly'.*config\/label-studio\.xml/,
      ),
    ]);
  });

  it('count what was skipped and what nobody answered, and take the tasks themselves for unanswered', () => {
    const items = exported([[annotation('banjo', { was_cancelled: true })], [], [annotation(null)]]);
    expect(labelStudioAnswers(items, RULES)).toEqual({ verdicts: [], problems: [], skipped: 1, unanswered: 2 });
    expect(labelStudioAnswers(tasks(['a', 'b']), RULES)).toMatchObject({ verdicts: [], problems: [], unanswered: 2 });
  });

  it('are read from JSON-MIN, too', () => {
    const items = tasks(['a', 'b', 'c', 'd']).map(({ data }, i) => ({
      ...data,
      id: 100 + i,
      ...(i === 3 ? {} : { class: ['dragonfly', 'banjo', 'neither'][i] }),
      annotator: 7,
      annotation_id: i,
      created_at: '2026-11-26T09:00:00.123456Z',
      updated_at: '2026-11-26T09:30:00.123456Z',
      lead_time: 3.5,
    }));
    const { verdicts, ...rest } = labelStudioAnswers(items, RULES);
    expect(rest).toEqual({ problems: [], unanswered: 1, skipped: 0 });
    expect(verdicts.map(({ item, reviewer, verdict }) => [item, reviewer, verdict])).toEqual([
      ['task 100', 'label-studio 7', 'accept'],
      ['task 101', 'label-studio 7', 'reject'],
      ['task 102', 'label-studio 7', 'reject'],
    ]);
  });

  const data = Object(tasks(['photo 0'])[0]).data;
  it.each([
    ['other data', { data: { image: 'a.jpg' } }, "task 1 of the file: expected a task .* nothing for 'data.sha256'$"],
    ['no data', { data: 7 }, 'task 1 of the file: expected a task that winnow shortlist'],
    ['an unknown class', { data: { ...data, wnid: 'swan' } }, "task 100: .*'swan'"],
    ['another answer', { annotations: [annotation('guitar')] }, "task 100: .* received 'guitar'"],
    [
      'two answers',
      { annotations: [annotation(['banjo', 'neither'])] },
      "task 100: .* answer .* 'banjo' and 'neither'",
    ],
    ['no zone', { annotations: [annotation('banjo', { updated_at: '2026-11-26 09:00' })] }, 'task 100: .* its zone'],
  ])('of a wrong task are a problem that quotes it: %s', (_, change, message) => {
    const [task] = exported([[annotation('banjo')]]);
    const { problems, verdicts } = labelStudioAnswers([{ ...task, ...change }], RULES);
    expect([problems, verdicts]).toEqual([[expect.stringMatching(`^${message}`)], []]);
  });
});
