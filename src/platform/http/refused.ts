import type { Refusal } from '../../source/http-outcome.ts';

/** How a request ends early inside this folder: thrown, or the reason of an abort. Callers get an `HttpFailure` instead. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.name = 'Refused';
    this.refusal = refusal;
  }
}
