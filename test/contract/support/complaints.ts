import { afterEach } from 'vitest';

/** What queues complain of in a test goes in here: nothing, if it did not ask for it. */
export function useComplaints(): Error[] {
  const complaints: Error[] = [];
  afterEach(() => {
    if (complaints.length > 0) throw new AggregateError(complaints.splice(0), 'the queue complained');
  });
  return complaints;
}
