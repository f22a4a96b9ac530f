import { expect, it } from 'vitest';
import type { ReviewActionSent, ReviewChange } from '../../../../src/core/review/desk/desk.ts';
import { classProgress } from '../../../../src/core/review/desk/desk.repository.ts';
import { takePhotos } from '../../../../src/core/review/desk/take-photos.process.ts';
import { subjectKey, subjectsOf, type ReviewEvent, type Subject } from '../../../../src/core/review/events/event.ts';
import { recordAction } from '../../../../src/core/review/events/record-action.process.ts';
import { listEvents, listReviewed } from '../../../../src/core/review/events/review.repository.ts';
import { verdictOf } from '../../../../src/core/review/events/verdict.ts';
import { countVerdicts } from '../../../../src/core/status/funnel.repository.ts';
import { collect } from '../../../support/collect.ts';
import { useDatabase } from '../../../support/database.ts';
import { seededRandom, type Random } from '../../../support/random.ts';
import { useListedPhotos } from './listed-photos.ts';

const database = useDatabase();
const WNIDS = ['n01', 'n02', 'n04', 'n05', 'n06', 'n07'];
const PHOTOS = Array.from(
  { length: 80 },
  (_, i) => [`photo ${i}`, WNIDS[i % WNIDS.length] ?? '', 'n03', i / 1_000] as const,
);
const listed = useListedPhotos(database, PHOTOS);
const SECOND_PASS = 0.1;
const LEASE_MS = 60_000;
const VERDICTS = ['accept', 'accept', 'reject', 'unsure'] as const;
const KINDS = ['decide', 'decide', 'decide', 'bulk', 'undo', 'redo', 'opposite'] as const;

/** A person who reviews in one tab, and sends some actions twice, or twice at once. */
class Reviewer {
  readonly name: string;
  /** Each action, with the number of photos for which it was stored, as each answer says. */
  readonly sent: (readonly [action: ReviewActionSent, stored: number, ...again: number[]])[] = [];
  readonly #random: Random;
  #held: readonly Subject[] = [];
  #sequence = 0;

  constructor(name: string, seed: number) {
    this.name = name;
    this.#random = seededRandom(seed);
  }

  get view() {
    return listed.viewOf(this.name, SECOND_PASS);
  }

  /** Decides on a photo in one of several ways. Returns false if no photo is left. */
  async step(): Promise<boolean> {
    if (this.#held.length === 0) await this.#lease();
    const [photo, ...others] = this.#held;
    if (photo === undefined) return false;
    this.#held = others;
    const kind = this.#random.pick(KINDS);
    if (kind === 'bulk') {
      const any = listed.photo(`photo ${this.#random.below(PHOTOS.length)}`);
      await this.#act(this.#verdict(subjectsOf([photo, ...others.slice(0, 1), any]), 'reject', 'grid'));
      this.#held = others.slice(1);
      return true;
    }
    const verdict = this.#random.pick(VERDICTS);
    const decision = await this.#act(this.#verdict([photo], verdict));
    if (kind === 'decide') return true;
    const undo = await this.#act({ kind: 'undo', of: { client: this.name, sequence: decision } });
    if (kind === 'redo') await this.#act({ kind: 'redo', of: { client: this.name, sequence: undo } });
    else await this.#act(this.#verdict([photo], verdict === 'accept' ? 'reject' : 'accept'));
    return true;
  }

  send(action: ReviewActionSent) {
    return recordAction(database.db, this.view, { client: this.name, action, leaseMs: LEASE_MS });
  }

  async #lease(): Promise<void> {
    const request = { client: this.name, order: 'confusions', filter: {}, count: 8, held: [] } as const;
    const { photos } = await takePhotos(database.db, this.view, { ...request, leaseMs: LEASE_MS });
    this.#held = photos.map(({ sha256, wnid }) => ({ sha256, wnid }));
  }

  #verdict(
    subjects: readonly Subject[],
    verdict: 'accept' | 'reject' | 'unsure',
    shownBy: 'grid' | 'confusions' = 'confusions',
  ) {
    return { kind: 'verdict', subjects, value: { verdict, reason: null, shownBy } } as const;
  }

  async #act(change: ReviewChange): Promise<number> {
    this.#sequence += 1;
    const action = { ...change, sequence: this.#sequence, at: new Date().toISOString() };
    const way = this.#random.below(4);
    const answers = await Promise.all(Array.from({ length: way === 0 ? 2 : 1 }, () => this.send(action)));
    if (way === 1) answers.push(await this.send(action));
    const [stored = 0, ...again] = answers.map((answer) => answer.stored);
    this.sent.push([action, stored, ...again]);
    return this.#sequence;
  }
}

function placeOf({ client, sequence }: ReviewEvent): readonly [tab: string, action: number] {
  const [tab = '', bulk] = client.split('/');
  return [tab, bulk === undefined ? sequence : Number(bulk)];
}

it('four people at once give each photo its passes, and every action is stored once and in order', async () => {
  const people = ['ana', 'bo', 'cem', 'dan'].map((name, i) => new Reviewer(name, i));
  const work = async (person: Reviewer): Promise<void> => {
    while (await person.step());
  };
  await Promise.all(people.map(work));
  // Photos that a person gave back after the others had ended.
  for (const person of people) await work(person);
  // A browser that was killed sends what it had no answer to.
  for (const person of people)
    for (const [action, stored] of person.sent.slice(-1)) expect((await person.send(action)).stored).toBe(stored);
  const events = await collect(listEvents(database.db, listed.scope.collectionId));
  for (const { name, sent } of people) {
    const own = events.filter((event) => placeOf(event)[0] === name);
    expect(new Set(own.map(({ reviewer }) => reviewer))).toEqual(new Set([name]));
    const expected = sent.flatMap(([{ sequence, kind }, stored]) =>
      Array.from({ length: stored }, () => [sequence, kind]),
    );
    expect(sent.filter(([, stored, ...others]) => others.some((other) => other !== stored))).toEqual([]);
    expect(own.map((event) => [placeOf(event)[1], event.kind])).toEqual(expected);
  }
  const reviewed = await collect(
    listReviewed(database.db, listed.scope.collectionId, { wnids: WNIDS, secondPass: SECOND_PASS }),
  );
  expect(reviewed.filter(({ isListed }) => isListed)).toHaveLength(PHOTOS.length);
  const sampled = new Set(reviewed.filter(({ chance }) => chance !== null).map(subjectKey));
  // A reviewer is asked once more for a second pass, after an unsure verdict, and after a verdict that was undone.
  const again = new Set(
    events
      .filter(({ kind, value }) => kind === 'undo' || (kind === 'verdict' && value.verdict === 'unsure'))
      .map(subjectKey),
  );
  const passes = reviewed.map((one) => [subjectKey(one), verdictOf(one.events).reviews.length] as const);
  expect(passes.filter(([key, count]) => count > (sampled.has(key) || again.has(key) ? 3 : 1))).toEqual([]);
  expect(passes.filter(([key, count]) => count < (sampled.has(key) ? 2 : 1))).toEqual([]);
  for (const { view } of people)
    expect((await classProgress(database.db, view, null)).map(({ open }) => open)).toEqual(WNIDS.map(() => 0));
  const counted = await countVerdicts(database.db, listed.scope);
  expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(PHOTOS.length);
});
