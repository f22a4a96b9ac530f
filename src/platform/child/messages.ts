import type { SentError } from '../../kernel/sent-error.ts';

/** The reply of a child to each request, and to its spec, the parent's first message (`answer` is then null). */
export type FromChild<Answer> = { readonly answer: Answer } | { readonly error: SentError };

/** Prefix of a line on the child's stderr that reports its next step. */
export const DOING = 'winnow is ';
