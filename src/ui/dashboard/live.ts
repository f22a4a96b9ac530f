import { useEffect, useState } from 'preact/hooks';
import { overviewIn, type Overview } from './overview.ts';

export interface Live {
  readonly now: Overview | null;
  /** What is wrong, while it is. */
  readonly trouble: string | null;
}

const AGAIN_AFTER_MS = 3_000;
const UNAUTHORIZED = 401;
const LOST = 'No connection to the server; trying again';
const OVER = 'The session is over: load the page again';

/** The newest overview, as the server sends it, for as long as the page is open. */
export function useLive(): Live {
  const [live, setLive] = useState<Live>({ now: null, trouble: null });
  useEffect(() => {
    const tell = (trouble: string): void => setLive((last) => ({ ...last, trouble }));
    return follow('api/live', {
      onMessage(json) {
        setLive({ now: overviewIn(json), trouble: null });
      },
      onTrouble: tell,
    });
  }, []);
  return live;
}

interface Followed {
  readonly onMessage: (json: string) => void;
  readonly onTrouble: (what: string) => void;
}

/**
 * Listens to a stream, and again whenever it has ended: a browser does so by itself only if the connection was lost, and
 * gives up once the server, or a proxy before it, answers anything else. Returns what ends it.
 */
function follow(path: string, { onMessage, onTrouble }: Followed): () => void {
  let events: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = (): void => {
    events = new EventSource(path);
    events.addEventListener('message', ({ data }) => onMessage(String(data)));
    events.addEventListener('trouble', ({ data }) => onTrouble(String(JSON.parse(String(data)))));
    events.addEventListener('error', () => {
      if (events?.readyState !== EventSource.CLOSED) {
        onTrouble(LOST);
        return;
      }
      timer = setTimeout(open, AGAIN_AFTER_MS);
      void isLoggedOut(path).then((isOut) => onTrouble(isOut ? OVER : LOST));
    });
  };
  open();
  return () => {
    clearTimeout(timer);
    events?.close();
  };
}

/** The browser does not tell what a stream was answered with. */
async function isLoggedOut(path: string): Promise<boolean> {
  try {
    return (await fetch(path, { method: 'HEAD' })).status === UNAUTHORIZED;
  } catch {
    return false;
  }
}
