export type ToChild<Spec, Request> =
  | { readonly kind: 'start'; readonly spec: Spec }
  | { readonly kind: 'ask'; readonly request: Request };

export type FromChild<Answer> =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string; readonly mayPass: boolean };

/** What a line of the child's stderr begins with that says what it does next. */
export const DOING = 'winnow is ';
