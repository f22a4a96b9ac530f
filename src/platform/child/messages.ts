import type { SentError } from '../../kernel/sent-error.ts';

/** What a child says to its parent's first message, which is its spec (`answer` is then null), and to each request. */
export type FromChild<Answer> = { readonly answer: Answer } | { readonly error: SentError };

/** Prefix of a line on the child's stderr that reports its next step. */
export const DOING = 'winnow is ';
