import { useEffect, useState } from 'preact/hooks';
import { overviewWith, timeIn, type Overview } from './overview.ts';

export interface Live {
  readonly now: Overview | null;
  /** The current problem; `null` if there is none. */
  readonly trouble: string | null;
}

const PATH = 'api/live';
const AGAIN_AFTER_MS = 3_000;
const LOST = 'No connection to the server; trying again';
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [401, 'The session is over: load the page again'],
  [429, 'Too many live pages of yours are open: close one of them'],
]);

/**
 * The server sends the whole overview first, then changes. Reconnects when the stream ends, because browsers do not
 * after an error status of the server or a proxy.
 */
export function useLive(): Live {
  const [live, setLive] = useState<Live>({ now: null, trouble: null });
  useEffect(() => {
    let events: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = (trouble: string): void => setLive((last) => ({ ...last, trouble }));
    const open = (): void => {
      events = new EventSource(PATH);
      events.addEventListener('message', ({ data }) =>
        setLive((last) => ({ now: overviewWith(last.now, String(data)), trouble: null })),
      );
      events.addEventListener('read', ({ data }) => {
        const at = timeIn(String(data));
        setLive(({ now }) => ({ now: now === null ? null : { ...now, at }, trouble: null }));
      });
      events.addEventListener('trouble', ({ data }) => tell(String(JSON.parse(String(data)))));
      events.addEventListener('error', () => {
        if (events?.readyState !== EventSource.CLOSED) {
          tell(LOST);
          return;
        }
        timer = setTimeout(open, AGAIN_AFTER_MS);
        void statusOf(PATH).then((status) => tell(REFUSALS.get(status) ?? LOST));
      });
    };
    open();
    return () => {
      clearTimeout(timer);
      events?.close();
    };
  }, []);
  return live;
}

/** The HTTP status of a path, which an EventSource does not report; 0 if nothing answers. */
async function statusOf(path: string): Promise<number> {
  try {
    return (await fetch(path, { method: 'HEAD' })).status;
  } catch {
    return 0;
  }
}
