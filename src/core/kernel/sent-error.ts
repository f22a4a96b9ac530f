import { codeOf, messageOf, RetryLater, StopTheRun } from './errors.ts';

/** An error as plain data, as one thread or process sends it to another. */
export interface SentError {
  readonly message: string;
  readonly code: string;
  /** True if the same work may succeed later. */
  readonly mayPass: boolean;
}

/** @param code for an error that has no code of its own */
export function toSent(error: unknown, code: string): SentError {
  return { message: messageOf(error), code: codeOf(error) ?? code, mayPass: error instanceof RetryLater };
}

export function fromSent({ message, code, mayPass }: SentError): RetryLater | StopTheRun {
  return mayPass ? new RetryLater(message, { code }) : new StopTheRun(message, { code });
}
