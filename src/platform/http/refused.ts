import type { Refusal } from './http-outcome.ts';

/** Ends a request early inside this folder, as an error or as the reason of an abort. Callers get an `HttpFailure` instead. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.name = 'Refused';
    this.refusal = refusal;
  }
}
