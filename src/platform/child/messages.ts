export type ToChild<Spec, Request> =
  | { readonly kind: 'start'; readonly spec: Spec }
  | { readonly kind: 'ask'; readonly request: Request };

export type FromChild<Answer> =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string; readonly mayPass: boolean };

/** Prefix of a line on the child's stderr that reports its next step. */
export const DOING = 'winnow is ';
