/** One line of the doctor: what was checked, its state, and what to do. A note is information, not a fault. */
export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'note' | 'fail';
  readonly detail: string;
}
