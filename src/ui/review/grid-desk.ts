import type { ActionRef, ActionsAnswer, ReviewFilter, ReviewPhoto } from '../../review/desk.ts';
import type { Judgement, Subject } from '../../review/event.ts';
import { countText } from '../shared/texts.ts';
import { isGone, type PhotoChange } from './grid-chips.ts';
import { messageOf } from './grid-messages.ts';
import type { DoneAction } from './history.ts';
import type { ReviewSession } from './session.ts';
import { decidesForAll, decisionsOn, subjectKey } from './shelf.ts';
import { doneText, judgementText } from './words.ts';

/** The server's limit for one request. */
const ROWS_A_REQUEST = 200;
/** Tiles that pass by in a quick scroll are not asked for. */
const WAIT_MS = 60;
const AGAIN_AFTER_MS = 3_000;

const STATE_OF = { accept: 'accepted', reject: 'rejected', unsure: 'unsure' } as const;

/** A decision that this page has made, until the grid is filled again. */
interface Made {
  readonly subjects: readonly Subject[];
  readonly change: PhotoChange;
}

/** A decision that the server has not stored in full. */
interface Decision {
  readonly text: string;
  readonly photos: number;
  stored: number;
  skipped: number;
}

/** Reads the photos of the grid as they come into view, and decides on many at once. */
export class GridDesk {
  readonly #session: ReviewSession;
  /** Photos that need not be read. */
  readonly #read = new Set<string>();
  readonly #unlisted = new Set<string>();
  readonly #asked = new Set<string>();
  readonly #changes = new Map<string, PhotoChange>();
  /** By the sequence number of the action. */
  readonly #made = new Map<string, Made>();
  /** By the sequence numbers of its actions. */
  readonly #decisions = new Map<number, Decision>();
  #wanted: readonly Subject[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #trouble: string | null = null;

  constructor(session: ReviewSession) {
    this.#session = session;
    session.onAnswer = (answer) => this.#take(answer);
  }

  /** Why photos cannot be read; null if they can. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Undefined while the photo is being read, null if it is no longer listed. */
  at(subject: Subject): ReviewPhoto | null | undefined {
    const key = subjectKey(subject);
    if (this.#unlisted.has(key)) return null;
    const photo = this.#session.shelf.photo(subject);
    // A row that is read while a decision is on its way shows the photo as it was before.
    const change = this.#session.outbox.waiting > 0 ? this.#changes.get(key) : undefined;
    return photo === undefined || change === undefined ? photo : { ...photo, ...change };
  }

  /** Reads the photos in view that are unknown or out of date. */
  want(subjects: readonly Subject[]): void {
    this.#wanted = subjects;
    this.#askIn(WAIT_MS);
  }

  /** Reads the photos in view again, and others when they come into view. */
  readAgain(): void {
    this.#read.clear();
    this.#unlisted.clear();
    this.#askIn(0);
  }

  /** The grid is filled again: nothing that was decided before counts as changed. */
  forgetChanges(): void {
    this.#changes.clear();
    this.#made.clear();
  }

  decide(subjects: readonly Subject[], judgement: Judgement): void {
    const { verdict, reason } = judgement;
    const text = judgementText(judgement);
    const decision: Decision = { text, photos: subjects.length, stored: 0, skipped: 0 };
    // The server leaves disputed photos out of a decision on several photos.
    const isForAll = (subject: Subject): boolean => {
      const photo = this.#session.shelf.photo(subject);
      return photo !== undefined && decidesForAll(photo, subjects.length === 1);
    };
    for (const change of decisionsOn(subjects, { judgement, shownBy: 'grid', isForAll })) {
      const done = this.#change({ subjects: change.subjects, change: { state: STATE_OF[verdict], reason } }, () => {
        this.#session.record(change);
      });
      if (done !== undefined) this.#decisions.set(done.sequence, decision);
    }
    this.#session.say(`${countText(subjects.length)} ${text}`);
  }

  flag(subjects: readonly Subject[]): void {
    const flagged = !subjects.every((subject) => this.at(subject)?.mine.flagged === true);
    this.#change({ subjects, change: { flagged } }, () => {
      this.#session.record({ kind: 'flag', subjects, value: { flagged } });
    });
    this.#session.say(`${countText(subjects.length)} ${flagged ? 'flagged' : 'no longer flagged'}`);
  }

  /** Takes the last action back, all its photos at once. Returns it; null if there is none. */
  undo(): DoneAction | null {
    const action = this.#session.undo();
    for (const subject of this.#madeBy(action)?.subjects ?? []) this.#changes.delete(subjectKey(subject));
    this.#session.say(action === null ? 'Nothing to undo' : `${countText(action.photos)} undone`);
    return action;
  }

  /** Does again what was taken back last. Returns it; null if there is none. */
  redo(): DoneAction | null {
    const action = this.#session.redo();
    const made = this.#madeBy(action);
    if (made !== undefined) this.#show(made);
    this.#session.say(action === null ? 'Nothing to redo' : `${countText(action.photos)} done again`);
    return action;
  }

  /** How many photos in the grid do not pass the filter any more. */
  countGone(filter: ReviewFilter): number {
    let count = 0;
    for (const change of this.#changes.values()) if (isGone(change, filter)) count += 1;
    return count;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#wanted = [];
    this.#session.onAnswer = () => {};
  }

  /** Returns the action, which can be undone. */
  #change(made: Made, record: () => void): DoneAction | undefined {
    this.#show(made);
    record();
    const done = this.#session.history.done.at(-1);
    if (done !== undefined) this.#made.set(keyOf(done), made);
    return done;
  }

  #show({ subjects, change }: Made): void {
    for (const subject of subjects) {
      const key = subjectKey(subject);
      this.#changes.set(key, { ...this.#changes.get(key), ...change });
    }
  }

  /** Undefined for an action of another page. */
  #madeBy(action: ActionRef | null): Made | undefined {
    return action === null ? undefined : this.#made.get(keyOf(action));
  }

  #take({ results, photos }: ActionsAnswer): void {
    const touched = results.reduce((sum, { stored, skipped }) => sum + stored + skipped, 0);
    if (touched > photos.length) this.readAgain();
    for (const { sequence, stored, skipped } of results) {
      const decision = this.#decisions.get(sequence);
      if (decision === undefined) continue;
      this.#decisions.delete(sequence);
      decision.stored += stored;
      decision.skipped += skipped;
      if (decision.photos > 1 || decision.skipped > 0) this.#session.say(doneText(decision.text, decision));
    }
  }

  #askIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), ms);
  }

  async #ask(): Promise<void> {
    const missing = this.#wanted.filter((subject) => this.#isMissing(subjectKey(subject))).slice(0, ROWS_A_REQUEST);
    if (missing.length === 0) return;
    const keys = missing.map(subjectKey);
    for (const key of keys) this.#asked.add(key);
    try {
      const { photos } = await this.#session.api.rows(missing);
      const listed = new Set(photos.map(subjectKey));
      for (const key of keys) (listed.has(key) ? this.#read : this.#unlisted).add(key);
      this.#trouble = null;
      this.#session.put(photos);
      this.#askIn(0);
    } catch (error) {
      this.#trouble = messageOf(error);
      this.#session.changed();
      this.#askIn(AGAIN_AFTER_MS);
    } finally {
      for (const key of keys) this.#asked.delete(key);
    }
  }

  #isMissing(key: string): boolean {
    return !this.#asked.has(key) && !this.#read.has(key) && !this.#unlisted.has(key);
  }
}

const keyOf = ({ client, sequence }: ActionRef): string => `${client} ${sequence}`;
