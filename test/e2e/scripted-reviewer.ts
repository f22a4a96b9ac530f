import { request } from 'node:http';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type {
  ActionsAnswer,
  ActionsRequest,
  ClassList,
  LeaseAnswer,
  LeaseRequest,
  PhotoIndex,
  ReviewActionSent,
  ReviewChange,
} from '../../src/review/desk/desk.ts';
import { subjectKey, subjectsOf, type ReviewVerdict, type Subject } from '../../src/review/events/event.ts';
import { sha256Of } from '../support/sha256.ts';

/** The lease of photos, and the age at which a reviewer takes others. A step takes less than the difference. */
export const LEASE_MS = 6_000;
const RENEW_MS = 2_000;
/** Photos that a reviewer holds. */
const HOLD = 8;

/** An action that was sent, and how many photos it was stored for. Null if no answer was read. */
export interface SentAction {
  readonly client: string;
  readonly action: ReviewActionSent;
  readonly stored: number | null;
}

/** The photo mostly decides the verdict. Each reviewer is sometimes unsure, and sometimes says the opposite. */
function verdictBy(reviewer: string, { sha256 }: Subject): ReviewVerdict {
  const mood = Number.parseInt(sha256Of(`${reviewer} ${sha256}`).slice(0, 2), 16);
  if (mood < 26) return 'unsure';
  const isOdd = Number.parseInt(sha256.slice(-1), 16) % 2 === 1;
  return isOdd !== mood < 60 ? 'accept' : 'reject';
}

const opposite = (verdict: ReviewVerdict): ReviewVerdict => (verdict === 'accept' ? 'reject' : 'accept');

/** A person with a token, who reviews in one tab by a fixed script. */
export class ScriptedReviewer {
  readonly name: string;
  readonly client: string;
  readonly sent: SentAction[] = [];
  readonly #server: { readonly url: string; readonly token: string };
  readonly #random: ReturnType<typeof xoroshiro128plus>;
  #held: readonly Subject[] = [];
  #heldSinceMs = 0;
  #sequence = 0;

  constructor(name: string, server: { readonly url: string; readonly token: string }) {
    this.name = name;
    this.client = `tab-of-${name}`;
    this.#server = server;
    this.#random = xoroshiro128plus(Number.parseInt(sha256Of(name).slice(0, 7), 16));
  }

  async get<Answer>(path: string): Promise<Answer> {
    return this.#ask<Answer>(path);
  }

  /** Photos of all classes that wait for this reviewer. */
  async open(): Promise<number> {
    const { classes } = await this.get<ClassList>('c/demo/api/review/classes');
    return classes.reduce((sum, { open }) => sum + open, 0);
  }

  /** Takes photos and decides on them, until told to stop. */
  async review(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.#step();
  }

  /** Decides on some photos, sends one more verdict, and is gone before the answer. Returns what was sent last. */
  async reviewUntilKilled(decisions: number): Promise<ActionsRequest> {
    while (this.sent.length < decisions) await this.#step();
    await this.#lease();
    const batch = { client: this.client, actions: [this.#next(this.#verdict(this.#take()))] };
    await this.#sendAndVanish(batch);
    this.sent.push(...batch.actions.map((action) => ({ client: this.client, action, stored: null })));
    return batch;
  }

  async send(batch: ActionsRequest): Promise<ActionsAnswer> {
    return this.#ask<ActionsAnswer>('c/demo/api/review/actions', batch);
  }

  async #step(): Promise<void> {
    if (this.#held.length === 0 || performance.now() - this.#heldSinceMs > RENEW_MS) await this.#lease();
    if (this.#held.length === 0) return this.#pause(50);
    const dice = this.#below(10);
    if (dice === 0 && this.#held.length > 1) await this.#decideInGrid();
    else if (dice === 1 || dice === 2) await this.#decideAndUndo();
    else await this.#decideOne();
  }

  /** Gives back what is held, and takes the next photos. */
  async #lease(): Promise<void> {
    const { client } = this;
    this.#heldSinceMs = performance.now();
    const wanted: LeaseRequest = { client, order: 'confusions', filter: {}, count: HOLD, held: [] };
    const { photos } = await this.#ask<LeaseAnswer>('c/demo/api/review/lease', wanted);
    this.#held = photos.map(({ sha256, wnid }) => ({ sha256, wnid }));
  }

  async #decideOne(): Promise<void> {
    const photo = this.#take();
    await this.#act([this.#verdict(photo)]);
  }

  /** Two photos of the reviewer's own, and two that may be another's. */
  async #decideInGrid(): Promise<void> {
    const { wnids, photos } = await this.get<PhotoIndex>('c/demo/api/review/index?state=open');
    const others = [0, 1].flatMap(() => {
      const chosen = photos[this.#below(Math.max(1, photos.length))];
      return chosen === undefined ? [] : [{ sha256: chosen[0], wnid: wnids[chosen[1]] ?? '' }];
    });
    const own = [this.#take(), this.#take()];
    const subjects = subjectsOf([...own, ...others]);
    const keys = new Set(subjects.map(subjectKey));
    this.#held = this.#held.filter((one) => !keys.has(subjectKey(one)));
    await this.#act([
      { kind: 'verdict', subjects, value: { verdict: 'reject', reason: 'low-quality', shownBy: 'grid' } },
    ]);
  }

  /** Decides, thinks again, and takes it back; then the same decision again, or the opposite. */
  async #decideAndUndo(): Promise<void> {
    const photo = this.#take();
    const decision = this.#sequence + 1;
    await this.#act([this.#verdict(photo)]);
    await this.#act([{ kind: 'undo', of: { client: this.client, sequence: decision } }]);
    const undo = this.#sequence;
    await this.#pause(this.#below(60));
    if (this.#below(2) === 0) return this.#act([{ kind: 'redo', of: { client: this.client, sequence: undo } }]);
    const verdict = opposite(verdictBy(this.name, photo));
    await this.#act([{ kind: 'verdict', subjects: [photo], value: { verdict, reason: null, shownBy: 'confusions' } }]);
  }

  /** Sends actions: sometimes twice, sometimes twice at once, sometimes while photos are asked for. */
  async #act(changes: readonly ReviewChange[]): Promise<void> {
    const batch = { client: this.client, actions: changes.map((change) => this.#next(change)) };
    const answers = await this.#sendInSomeWay(batch);
    for (const [i, action] of batch.actions.entries()) {
      const stored = Math.max(...answers.map(({ results }) => results[i]?.stored ?? 0));
      this.sent.push({ client: this.client, action, stored });
    }
  }

  async #sendInSomeWay(batch: ActionsRequest): Promise<readonly ActionsAnswer[]> {
    const way = this.#below(6);
    if (way === 0) return [await this.send(batch), await this.send(batch)];
    if (way === 1) return Promise.all([this.send(batch), this.send(batch)]);
    if (way === 2) return Promise.all([this.send(batch), this.open().then(() => this.send(batch))]);
    return [await this.send(batch)];
  }

  #verdict(photo: Subject): ReviewChange {
    const verdict = verdictBy(this.name, photo);
    return { kind: 'verdict', subjects: [photo], value: { verdict, reason: null, shownBy: 'confusions' } };
  }

  #next(change: ReviewChange): ReviewActionSent {
    this.#sequence += 1;
    return { ...change, sequence: this.#sequence, at: new Date().toISOString() };
  }

  #take(): Subject {
    const [photo, ...others] = this.#held;
    if (photo === undefined) throw new Error('Expected a photo that is held');
    this.#held = others;
    return photo;
  }

  #below(limit: number): number {
    return uniformInt(this.#random, 0, limit - 1);
  }

  async #pause(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  async #ask<Answer>(path: string, body?: unknown): Promise<Answer> {
    const authorization = `Bearer ${this.#server.token}`;
    const response = await fetch(
      `${this.#server.url}${path}`,
      body === undefined
        ? { headers: { authorization } }
        : {
            method: 'POST',
            headers: { authorization, 'content-type': 'application/json' },
            body: JSON.stringify(body),
          },
    );
    const text = await response.text();
    if (!response.ok) throw new Error(`Expected an answer to ${path} but received ${response.status}: ${text}`);
    return JSON.parse(text) as Answer;
  }

  /** Sends a whole request and hangs up without reading the answer. */
  async #sendAndVanish(batch: ActionsRequest): Promise<void> {
    const { url, token } = this.#server;
    const sending = request(`${url}c/demo/api/review/actions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
    sending.on('error', () => undefined);
    await new Promise<void>((resolve) => sending.end(JSON.stringify(batch), resolve));
    sending.destroy();
  }
}
