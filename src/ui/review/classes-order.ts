import type { ClassProgress } from '../../review/desk.ts';

/** How the start page sorts classes. `review`: the order in which they are reviewed. */
export const CLASS_ORDERS = {
  review: 'review order',
  open: 'most open',
  name: 'name',
  progress: 'least accepted',
} as const;
export type ClassOrder = keyof typeof CLASS_ORDERS;

export function isClassOrder(text: string): text is ClassOrder {
  return text in CLASS_ORDERS;
}

const COMPARE: Readonly<Record<ClassOrder, ((a: ClassProgress, b: ClassProgress) => number) | null>> = {
  review: null,
  open: (a, b) => b.open - a.open,
  name: (a, b) => a.name.localeCompare(b.name, 'en'),
  progress: (a, b) => a.accepted - b.accepted || b.open - a.open,
};

/** The classes whose name or id contains what was typed, in order. */
export function classesShown(classes: readonly ClassProgress[], wanted: string, order: ClassOrder): ClassProgress[] {
  const text = wanted.trim().toLowerCase();
  const found = classes.filter(({ name, wnid }) => name.toLowerCase().includes(text) || wnid.includes(text));
  const compare = COMPARE[order];
  return compare === null ? found : found.toSorted(compare);
}
