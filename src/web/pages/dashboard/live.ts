import { withBasePath } from '../base-path.ts';
import { timeIn, withMessage } from './overview.ts';

export interface Live<T> {
  readonly now: T | null;
  /** The current problem; `null` if there is none. */
  readonly trouble: string | null;
}

const AGAIN_AFTER_MS = 3_000;
const LOST = 'No connection to the server; trying again';
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [401, 'The session is over: load the page again'],
  [429, 'Too many live pages of yours are open: close one of them'],
]);

/**
 * Calls `show` with each change of the data at a live path. The server sends all of it first, then changes. Reconnects when the stream ends, because
 * browsers do not after an error status of the server or a proxy. A hidden page has no stream: a browser has six connections to a
 * host, and pages in other tabs need them. When the page is visible again, a new stream brings the whole overview.
 */
export function listen<T extends object>(path: string, show: (live: Live<T>) => void): void {
  let live: Live<T> = { now: null, trouble: null };
  const set = (change: Partial<Live<T>>): void => show((live = { ...live, ...change }));
  let stream: EventSource | null = null;
  let again: ReturnType<typeof setTimeout> | undefined;
  const open = (): void => {
    clearTimeout(again);
    stream?.close();
    stream = document.visibilityState === 'visible' ? openStream() : null;
  };
  const openStream = (): EventSource => {
    const events = new EventSource(withBasePath(path));
    events.addEventListener('message', ({ data }) => set({ now: withMessage(live.now, String(data)), trouble: null }));
    events.addEventListener('read', ({ data }) => {
      const at = timeIn(String(data));
      set({ now: live.now === null ? null : { ...live.now, at }, trouble: null });
    });
    events.addEventListener('trouble', ({ data }) => set({ trouble: String(JSON.parse(String(data))) }));
    events.addEventListener('error', () => {
      if (events.readyState !== EventSource.CLOSED) {
        set({ trouble: LOST });
        return;
      }
      again = setTimeout(open, AGAIN_AFTER_MS);
      void statusOf(path).then((status) => set({ trouble: REFUSALS.get(status) ?? LOST }));
    });
    return events;
  };
  document.addEventListener('visibilitychange', open);
  open();
}

/** The HTTP status of a path, which an EventSource does not report; 0 if nothing answers. */
async function statusOf(path: string): Promise<number> {
  try {
    return (await fetch(withBasePath(path), { method: 'HEAD' })).status;
  } catch {
    return 0;
  }
}
