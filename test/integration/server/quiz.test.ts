import { beforeAll, expect, it } from 'vitest';
import { lettersOf } from '../../../src/review/people/letters.repository.ts';
import { answerQuiz, drawQuiz, readHumanAccuracy, readQuiz } from '../../../src/review/quiz/quiz.process.ts';
import type { QuizAnswered, QuizState } from '../../../src/review/quiz/quiz.ts';
import { buildShortlist } from '../../../src/shortlist/make-shortlist.process.ts';
import { candidate, decideAs, fetched, kept } from '../../support/catalogue-fixtures.ts';
import { sha256Of } from '../../support/sha256.ts';
import { ask, JSON_BODY, NO_TOKENS, useDashboard } from './support.ts';

const dashboard = useDashboard();
const TENCH = 'n01440764';
const GOLDFISH = 'n01443537';
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const;
const OPTIONS = { photos: 4, choices: 3 };
let server = '';

const stateIn: (json: string) => QuizState = JSON.parse;
const answeredIn: (json: string) => QuizAnswered = JSON.parse;

async function post(person: string, path: string, body: object): Promise<string> {
  const cookie = `winnow_reviewer=${Buffer.from(person).toString('base64url')}`;
  const request = { method: 'POST', headers: { ...JSON_BODY, cookie }, body: JSON.stringify(body) };
  const { status, body: text } = await ask(server, `/c/demo/api/${path}`, request);
  expect([status, text]).toEqual([200, expect.any(String)]);
  return text;
}

async function review(person: string, names: readonly string[], verdict: 'accept' | 'reject'): Promise<void> {
  const subjects = names.map((name) => ({ sha256: sha256Of(name), wnid: TENCH }));
  const value = { verdict, reason: null, shownBy: 'confusions' };
  const action = { kind: 'verdict', sequence: 1, at: new Date().toISOString(), subjects, value };
  await post(person, 'review/actions', { client: person, actions: [action] });
}

beforeAll(async () => {
  const { app, workspace } = dashboard;
  for (const name of NAMES) {
    const id = await fetched(app.db, [candidate(name, { wnid: TENCH })], name);
    await decideAs(app.db, workspace.scope, [kept(id, TENCH, { confusionWnid: GOLDFISH, maxTrueProb: 0.01 })]);
  }
  const policy = { cap: 15, nearDuplicateDistance: 0, nearDuplicateCosine: null };
  await buildShortlist(app.db, workspace.scope, { policy, backboneId: null });
  server = await dashboard.serve(NO_TOKENS);
  await review('ann', NAMES, 'accept');
});

it('a quiz asks a person about photos that the person has not reviewed, takes each first answer, and tells the class in practice only', async () => {
  const { workspace } = dashboard;
  expect(await readQuiz(workspace, 'ann')).toEqual({ answered: 0, of: 0, question: null });
  // Pages draw all photos, to be typed. `winnow quiz` draws again while the person has no answer.
  expect(await readQuiz(workspace, 'bob')).toMatchObject({ answered: 0, of: 7, question: { choices: null } });
  expect(await drawQuiz(workspace, 'bob', OPTIONS)).toBe(true);
  let text = await post('bob', 'quiz/next', { reviewer: 'bob' });
  let state = stateIn(text);
  expect(state).toMatchObject({ answered: 0, of: 3 });
  const said: string[] = [];
  while (state.question !== null) {
    const { place, sha256, isPractice, choices } = state.question;
    expect(choices).toHaveLength(3);
    const wnid = place % 3 === 0 ? (choices?.find((one) => one !== TENCH) ?? '') : TENCH;
    const body = { reviewer: 'bob', place, sha256, wnid, ms: 1_200 };
    // Two tabs: the first answer counts.
    const told = await post('bob', 'quiz/answers', body);
    const answer = answeredIn(told);
    expect(await post('bob', 'quiz/answers', { ...body, wnid: TENCH })).toBe(told);
    expect([answer.truth, isPractice]).toEqual([isPractice ? TENCH : null, place <= 3]);
    text += isPractice ? '' : told.replaceAll(/"choices":\[[^\]]*\]/g, '');
    said.push(`${place}`);
    ({ state } = answer);
  }
  expect(said).toEqual(['1', '2', '3', '4', '5', '6', '7']);
  expect([state.answered, state.of, await drawQuiz(workspace, 'bob', OPTIONS)]).toEqual([4, 4, false]);
  // Outside of the buttons, nothing names a class.
  expect(text.replaceAll(/"choices":\[[^\]]*\]/g, '')).not.toMatch(/n\d{8}|confusion|prob/i);
  const { people } = await readHumanAccuracy(workspace.app.db, workspace.scope);
  expect(people).toMatchObject([{ reviewer: 'bob', photos: 4, right: 3, controlPhotos: 0 }]);
});

it('a quiz refuses other classes than its buttons and answers to other photos, and skips photos that are not accepted any more or that the person has reviewed', async () => {
  const { workspace } = dashboard;
  await drawQuiz(workspace, 'cleo', OPTIONS);
  const { question } = await readQuiz(workspace, 'cleo');
  const asked = { place: 1, sha256: question?.sha256 ?? sha256Of('a'), wnid: TENCH, ms: 1 };
  for (const wrong of [{ wnid: 'n00000000' }, { sha256: sha256Of('another photo') }, { place: 2 }])
    expect(await answerQuiz(workspace, 'cleo', { ...asked, ...wrong })).toBeNull();
  const named = NAMES.find((name) => sha256Of(name) === question?.sha256) ?? '';
  await review('cleo', [named], 'accept');
  expect(await readQuiz(workspace, 'cleo')).toMatchObject({ answered: 0, of: 2 });
  // Bob, who has reviewed nothing, keeps his letter. Answers on disputed photos do not count.
  await review('dan', NAMES, 'reject');
  expect([...(await lettersOf(workspace.app.db, workspace.scope)).keys()]).toEqual(['ann', 'bob', 'cleo', 'dan']);
  expect((await readHumanAccuracy(workspace.app.db, workspace.scope)).people).toEqual([]);
});
