import type { RevisionChange } from '../revisions/revision.repository.ts';

export function sumOfChanges(changes: readonly RevisionChange[], change: RevisionChange['change']): number {
  return changes.filter((row) => row.change === change).reduce((sum, { photos }) => sum + photos, 0);
}

/** `2 were unreviewed`, `1 is rejected` */
export function changeText({ change, reason, photos }: RevisionChange): string {
  const be = change === 'added' ? ['was', 'were'] : ['is', 'are'];
  return `${photos} ${photos === 1 ? be[0] : be[1]} ${reason}`;
}
