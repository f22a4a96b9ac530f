import { afterEach } from 'vitest';

/** Collects the errors that queues report. A test fails if any are left after it. */
export function useComplaints(): Error[] {
  const complaints: Error[] = [];
  afterEach(() => {
    if (complaints.length > 0) throw new AggregateError(complaints.splice(0), 'the queue complained');
  });
  return complaints;
}
