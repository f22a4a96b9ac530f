import { messageOf } from '../../kernel/errors.ts';
import type { BoardAnswer, QueueBoard } from '../../kernel/job.ts';
import { html, trustedHtml } from '../../shortlist/html.ts';
import type { Exchange, Route } from '../route.ts';

const ROOT = '/queues';
/** A queue that does not answer is waited for by those who work, not by a page. */
const ANSWER_WITHIN_MS = 10_000;
/** The colours of a logo, which stand in bull-board's page; without them it is black. */
const LOGO_STYLE = "'sha256-r2N1TB/gHbBtBZFKg7ejmq1acVSREzucTAEw6ga4hoU='";
/** As for all pages, but that paths have a base, and one style may stand in it. */
const CONTENT_SECURITY_POLICY = `default-src 'none';script-src 'self';style-src 'self' ${LOGO_STYLE};img-src 'self';connect-src 'self';base-uri 'self';form-action 'none';frame-ancestors 'none'`;

export interface QueuesDeps {
  readonly open: () => Promise<QueueBoard>;
  readonly onError: (reason: string) => void;
}

export interface QueuePages {
  readonly routes: readonly Route[];
  close(): Promise<void>;
}

/** What waits and runs in the queues, for looking at: opened when first asked for, and anew after trouble. */
export function queuePages({ open, onError }: QueuesDeps): QueuePages {
  let opened: Promise<QueueBoard> | null = null;
  const forget = async (): Promise<void> => {
    const board = opened;
    opened = null;
    await board?.then((one) => one.close()).catch(() => undefined);
  };
  const handle = async ({ request, reply }: Exchange): Promise<unknown> => {
    const at = request.url.split('?', 1)[0]?.slice(ROOT.length) ?? '';
    if (at === '') return reply.redirect(`${ROOT}/`, 303);
    try {
      const board = await inTime((opened ??= open()));
      const answer = await inTime(board.answer(at, queryOf(request.query)));
      return answer === null ? reply.callNotFound() : send(answer, { board, reply });
    } catch (error) {
      onError(messageOf(error));
      void forget();
      return reply.code(503).send({ error: 'The queues cannot be looked at just now; the log of the server says why' });
    }
  };
  const route = { method: 'GET', role: 'viewer', handle } as const;
  return {
    routes: [
      { ...route, path: ROOT },
      { ...route, path: `${ROOT}/*` },
    ],
    close: forget,
  };
}

function send(
  answer: BoardAnswer,
  { board, reply }: { readonly board: QueueBoard; readonly reply: Exchange['reply'] },
): unknown {
  if (answer.kind === 'data') return reply.code(answer.status).send(answer.body);
  if (answer.kind === 'file')
    return reply.header('content-type', answer.mediaType).header('cache-control', 'no-cache').send(answer.bytes);
  return reply
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .send(pageOf(board.page));
}

/** The frame that bull-board's own would be, without fonts from elsewhere. */
function pageOf({ scripts, styles, icon, config }: QueueBoard['page']): string {
  // A block of data, which no browser runs; no `<` in it can end it.
  const data = trustedHtml(JSON.stringify(config).replaceAll('<', String.raw`\u003c`));
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <base href="${ROOT}/" />
        <title>winnow queues</title>
        <link rel="icon" type="image/png" href="${icon}" id="fav-logo" />
        ${styles.map((href) => html`<link rel="stylesheet" href="${href}" />`)}
      </head>
      <body>
        <script id="__UI_CONFIG__" type="application/json">
          ${data}
        </script>
        <div id="root">Loading …</div>
        ${scripts.map((src) => html`<script defer="" src="${src}"></script>`)}
      </body>
    </html>`.toString();
}

function queryOf(query: unknown): Readonly<Record<string, unknown>> {
  return typeof query === 'object' && query !== null ? Object.fromEntries(Object.entries(query)) : {};
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Expected an answer of the queues within ${ANSWER_WITHIN_MS / 1_000} s`)),
      ANSWER_WITHIN_MS,
    );
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
