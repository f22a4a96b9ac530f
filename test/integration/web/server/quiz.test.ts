import { sql } from 'kysely';
import { beforeAll, expect, it, vi } from 'vitest';
import { lettersOf } from '../../../../src/core/review/people/letters.repository.ts';
import { answerQuiz, drawQuiz, readHumanAccuracy, readQuiz } from '../../../../src/core/review/quiz/quiz.process.ts';
import type { QuizAnswered, QuizState } from '../../../../src/core/review/quiz/quiz.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { candidate, decideAs, fetched, kept } from '../../../support/catalogue-fixtures.ts';
import { sha256Of } from '../../../support/sha256.ts';
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

it('the photos of open questions are hidden from their person on every page, and from no one else', async () => {
  const { app, workspace } = dashboard;
  await sql`truncate review_event, verdict, review_lease, quiz_question cascade`.execute(app.db);
  await review('ann', NAMES, 'accept');
  await drawQuiz(workspace, 'eve', { photos: 2, choices: null });
  const { rows } = await sql<{ sha256: string }>`select encode(sha256, 'hex') as sha256 from quiz_question`.execute(
    app.db,
  );
  const asked = rows.map(({ sha256 }) => sha256);
  expect(asked.length).toBeGreaterThan(2);
  const hashes = NAMES.map(sha256Of);
  const cookieOf = (person: string) => ({ cookie: `winnow_reviewer=${Buffer.from(person).toString('base64url')}` });
  const shownTo = async (person: string, path: string): Promise<unknown> => {
    const { status, body } = await ask(server, `/c/demo/${path}`, { headers: cookieOf(person) });
    return status === 200 ? hashes.filter((sha256) => body.includes(sha256)).toSorted() : status;
  };
  const lists = ['api/review/index', 'api/review/covers', 'api/photos/csv'];
  const open = hashes.filter((sha256) => !asked.includes(sha256)).toSorted();
  const pages = ['report', 'revisions', 'sheet/shortlist.html', 'api/what-if'];
  const photo = (sha256: string): string => `api/photos?like=${sha256}`;
  const heatmap = `api/review/heatmap/none/${TENCH}/${asked[0]}`;
  for (const path of lists.filter((one) => !one.endsWith('covers'))) {
    expect(await shownTo('eve', path), path).toEqual(open);
    expect(await shownTo('ann', path), path).toEqual(hashes.toSorted());
  }
  const covers = await shownTo('eve', 'api/review/covers');
  expect(asked.filter((sha256) => JSON.stringify(covers).includes(sha256))).toEqual([]);
  for (const path of [...pages, heatmap]) {
    expect(await shownTo('eve', path), path).toBe(403);
    expect(await shownTo('ann', path), path).not.toBe(403);
  }
  expect([await shownTo('eve', photo(asked[0] ?? '')), await shownTo('eve', photo(open[0] ?? ''))]).toEqual([400, []]);
  const subjects = asked.map((sha256) => ({ sha256, wnid: TENCH }));
  expect(JSON.parse(await post('eve', 'review/rows', { subjects })).photos).toEqual([]);
  const { body } = await ask(server, `/c/demo/api/review/evidence/${TENCH}/${asked[0]}`, { headers: cookieOf('eve') });
  expect(JSON.parse(body).history).toEqual([]);
  // The page of the collection, which is the same for everybody, shows another photo of the confusion.
  const overview = await ask(server, '/c/demo/api/overview');
  expect(asked).not.toContain(JSON.parse(overview.body).confusions[0].photo);
  let { question } = stateIn(await post('eve', 'quiz/next', {}));
  while (question !== null) {
    const { place, sha256 } = question;
    ({ question } = answeredIn(await post('eve', 'quiz/answers', { place, sha256, wnid: TENCH, ms: 1 })).state);
  }
  for (const path of lists.slice(0, 1)) expect(await shownTo('eve', path)).toEqual(hashes.toSorted());
  expect(await shownTo('eve', 'revisions')).not.toBe(403);
});

it('a quiz that is drawn again after a restart of the server offers the same buttons', async () => {
  const { workspace } = dashboard;
  const buttons = async (draw: typeof drawQuiz): Promise<unknown> => {
    await draw(workspace, 'finn', { photos: 4, choices: 5 });
    const { rows } =
      await sql`select sha256, choices from quiz_question where reviewer = 'finn' order by place`.execute(
        workspace.app.db,
      );
    return rows;
  };
  const before = await buttons(drawQuiz);
  vi.resetModules();
  const restarted = await import('../../../../src/core/review/quiz/quiz.process.ts');
  expect(restarted.drawQuiz).not.toBe(drawQuiz);
  expect(await buttons(restarted.drawQuiz)).toEqual(before);
});
