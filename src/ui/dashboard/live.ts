import { useEffect, useState } from 'preact/hooks';
import { overviewWith, timeIn, type Overview } from './overview.ts';

export interface Live {
  readonly now: Overview | null;
  /** What is wrong, while it is. */
  readonly trouble: string | null;
}

const PATH = 'api/live';
const AGAIN_AFTER_MS = 3_000;
const LOST = 'No connection to the server; trying again';
/** What the status of a refusal says. */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [401, 'The session is over: load the page again'],
  [429, 'Too many live pages of yours are open: close one of them'],
]);

/**
 * The newest overview, as the server sends it, for as long as the page is open: all of it first, then the parts that have
 * changed, and from time to time only when it was read. Listens again whenever the stream has
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

/** The browser does not tell what a stream was answered with. 0: nothing answers. */
async function statusOf(path: string): Promise<number> {
  try {
    return (await fetch(path, { method: 'HEAD' })).status;
  } catch {
    return 0;
  }
}
