import { useEffect, useState } from 'preact/hooks';
import { overviewIn, type Overview } from './overview.ts';

export interface Live {
  readonly now: Overview | null;
  /** What is wrong, while it is. */
  readonly trouble: string | null;
}

const PATH = 'api/live';
const AGAIN_AFTER_MS = 3_000;
const UNAUTHORIZED = 401;
const LOST = 'No connection to the server; trying again';
const OVER = 'The session is over: load the page again';

/**
 * The newest overview, as the server sends it, for as long as the page is open. Listens again whenever the stream has
 * ended: a browser does so by itself only if the connection was lost, and gives up once the server, or a proxy before it,
 * answers anything else.
 */
export function useLive(): Live {
  const [live, setLive] = useState<Live>({ now: null, trouble: null });
  useEffect(() => {
    let events: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = (trouble: string): void => setLive((last) => ({ ...last, trouble }));
    const open = (): void => {
      events = new EventSource(PATH);
      events.addEventListener('message', ({ data }) => setLive({ now: overviewIn(String(data)), trouble: null }));
      events.addEventListener('trouble', ({ data }) => tell(String(JSON.parse(String(data)))));
      events.addEventListener('error', () => {
        if (events?.readyState !== EventSource.CLOSED) {
          tell(LOST);
          return;
        }
        timer = setTimeout(open, AGAIN_AFTER_MS);
        void isLoggedOut().then((isOut) => tell(isOut ? OVER : LOST));
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

/** The browser does not tell what a stream was answered with. */
async function isLoggedOut(): Promise<boolean> {
  try {
    return (await fetch(PATH, { method: 'HEAD' })).status === UNAUTHORIZED;
  } catch {
    return false;
  }
}
