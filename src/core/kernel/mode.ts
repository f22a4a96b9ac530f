/** `A`: keep photos that the models mislabel. `O`: keep photos that show none of the classes although a model is sure of one. */
export type Mode = 'A' | 'O';

export const SUBJECTS: Readonly<Record<Mode, { readonly one: string; readonly many: string }>> = {
  A: { one: 'class', many: 'classes' },
  O: { one: 'concept', many: 'concepts' },
};
