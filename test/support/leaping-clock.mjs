/**
 * Loaded before a program (`--import`), so that its clock can be set: from SIGUSR2 on it is WINNOW_TEST_LEAP_MS ahead.
 * Time that passes, as timers and `performance` have it, is left alone, as it is where a person sets a clock.
 */
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const RealDate = Date;
  let leapMs = 0;
  process.on('SIGUSR2', () => {
    leapMs = Number(process.env['WINNOW_TEST_LEAP_MS']);
  });
  globalThis.Date = class extends RealDate {
    constructor(...given) {
      super(...(given.length === 0 ? [RealDate.now() + leapMs] : given));
    }
    static now() {
      return RealDate.now() + leapMs;
    }
  };
}
