import { sha256Of } from '../../tools/sha256.ts';
import { PRACTICE_PHOTOS } from '../../kernel/human-accuracy.ts';
import type { QuizOptions } from './quiz.ts';
import type { Subject } from '../events/event.ts';
import type { Wnid } from '../../kernel/ids.ts';

export interface QuizPhoto extends Subject {
  /** True for a photo that the filter dropped, and that people accepted to compare with. */
  readonly isControl: boolean;
}

export interface DrawnQuestion extends Subject {
  readonly isPractice: boolean;
  readonly choices: readonly Wnid[] | null;
}

/**
 * Draws the questions of a person: first the photos for practice, which are photos of the set, then those that count. Half of these
 * are controls, or as many as there are, and never more than photos of the set. The order is that of hashes of the photos, the same for
 * each person, so that it tells nothing about a photo.
 *
 * @param classes the classes of the buttons: the class searched, and others of these, each as likely as any other
 * @param secret a random text, so that nobody can repeat the draw of the others and so know the class searched
 */
export function drawQuestions(
  accepted: readonly QuizPhoto[],
  { photos, choices }: QuizOptions,
  { classes, secret }: { readonly classes: readonly Wnid[]; readonly secret: string },
): DrawnQuestion[] {
  const buttons = ({ sha256, wnid }: Subject): readonly Wnid[] | null => {
    if (choices === null) return null;
    const others = byHash(
      classes.filter((one) => one !== wnid),
      (one) => `${secret} ${sha256} ${one}`,
    );
    return [wnid, ...others.slice(0, choices - 1)].toSorted();
  };
  const once = byHash(accepted, ({ sha256 }) => sha256);
  const ofSet = once.filter(({ isControl }) => !isControl);
  const most = Math.min(Math.floor(photos / 2), ofSet.length);
  const controls = once.filter(({ isControl }) => isControl).slice(0, most);
  const counted = new Set([...ofSet.slice(0, photos - controls.length), ...controls]);
  const practice = ofSet.slice(photos - controls.length).slice(0, PRACTICE_PHOTOS);
  return [...practice, ...once.filter((photo) => counted.has(photo))].map((photo) => ({
    sha256: photo.sha256,
    wnid: photo.wnid,
    isPractice: !counted.has(photo),
    choices: buttons(photo),
  }));
}

const byHash = <T>(items: readonly T[], keyOf: (item: T) => string): T[] =>
  items
    .map((item) => ({ item, hash: sha256Of(`quiz ${keyOf(item)}`) }))
    .toSorted((a, b) => (a.hash < b.hash ? -1 : 1))
    .map(({ item }) => item);
