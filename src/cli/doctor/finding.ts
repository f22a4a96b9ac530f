/** One line of the doctor: what was looked at, how it is, what to do about it. A note is worth knowing, and no fault. */
export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'note' | 'fail';
  readonly detail: string;
}
