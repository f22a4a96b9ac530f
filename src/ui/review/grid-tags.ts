import type { Subject } from '../../review/events/event.ts';

/** True if all photos have a tag, `mixed` if only some do. */
export type TagMark = boolean | 'mixed';

/** @param chosen the tags of each photo */
export function markOf(tag: string, chosen: readonly (readonly string[])[]): TagMark {
  const count = chosen.filter((tags) => tags.includes(tag)).length;
  if (count === 0) return false;
  return count === chosen.length ? true : 'mixed';
}

/** The mark after a click. A tag that was mixed before can become mixed again. */
export function nextMark(now: TagMark, before: TagMark): TagMark {
  if (now === 'mixed') return true;
  return now ? false : before === 'mixed' ? 'mixed' : true;
}

interface TagChange {
  readonly subjects: readonly Subject[];
  /** All tags of each of these photos after the change. */
  readonly tags: readonly string[];
}

/**
 * Groups the photos by their tags after the change. Photos with unchanged tags are left out.
 *
 * @param toggled the tags that every photo gets (true) or loses (false)
 */
export function tagChanges(
  photos: readonly { readonly subject: Subject; readonly tags: readonly string[] }[],
  toggled: ReadonlyMap<string, boolean>,
): TagChange[] {
  const added = [...toggled].filter(([, isOn]) => isOn).map(([tag]) => tag);
  const groups = new Map<string, { readonly subjects: Subject[]; readonly tags: readonly string[] }>();
  for (const { subject, tags: before } of photos) {
    const tags = [...new Set([...before.filter((tag) => toggled.get(tag) !== false), ...added])];
    const key = keyOf(tags);
    if (key === keyOf(before)) continue;
    const group = groups.get(key) ?? { subjects: [], tags };
    group.subjects.push(subject);
    groups.set(key, group);
  }
  return [...groups.values()];
}

const keyOf = (tags: readonly string[]): string => JSON.stringify(tags.toSorted());
