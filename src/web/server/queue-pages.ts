import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../core/kernel/errors.ts';
import type { BoardAnswer, QueueBoard } from '../../core/kernel/job.ts';
import { sha256Bytes } from '../../core/tools/sha256.ts';
import { BOARD_STYLE, queuesPage } from './pages.tsx';
import type { Exchange } from './route.ts';

/** The pages of single jobs, below winnow's own page of queues. */
export const ROOT = '/queues/jobs';
/** A page waits this long for an answer of the queues. Workers wait longer. */
const ANSWER_WITHIN_MS = 10_000;
/** An inline style of bull-board's page with the colours of its logo. Without it the logo is black. */
const LOGO_STYLE = "'sha256-r2N1TB/gHbBtBZFKg7ejmq1acVSREzucTAEw6ga4hoU='";
/** As for all pages, except that paths have a base, and two inline styles are allowed. */
const CONTENT_SECURITY_POLICY = `default-src 'none';script-src 'self';style-src 'self' ${LOGO_STYLE} 'sha256-${sha256Bytes(BOARD_STYLE).toString('base64')}';img-src 'self';connect-src 'self';base-uri 'self';form-action 'none';frame-ancestors 'none'`;

export interface QueuesDeps {
  readonly open: () => Promise<QueueBoard>;
  readonly onError: (reason: string) => void;
}

/** Pages on the waiting and running jobs of the queues. The board is opened at the first request, and again after an error. */
export class QueuePages {
  readonly #deps: QueuesDeps;
  #opened: Promise<QueueBoard> | null = null;

  constructor(deps: QueuesDeps) {
    this.#deps = deps;
  }

  async answer({ request, reply }: Exchange, at: string): Promise<unknown> {
    try {
      const board = await inTime((this.#opened ??= this.#deps.open()), ANSWER_WITHIN_MS);
      const answer = await inTime(board.answer(at, queryOf(request.query)), ANSWER_WITHIN_MS);
      return answer === null ? reply.callNotFound() : send(answer, { board, reply });
    } catch (error) {
      this.#deps.onError(messageOf(error));
      void this.close();
      return reply.code(503).send({ error: 'The queues cannot be looked at just now; the log of the server says why' });
    }
  }

  async close(): Promise<void> {
    const board = this.#opened;
    this.#opened = null;
    await board?.then((one) => one.close()).catch(() => undefined);
  }
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
    .send(queuesPage(board.page, `${ROOT}/`));
}

function queryOf(query: unknown): Readonly<Record<string, unknown>> {
  return typeof query === 'object' && query !== null ? Object.fromEntries(Object.entries(query)) : {};
}

/** Rejects if the work takes too long; the work itself goes on. */
export async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  const late = sleep(ms, undefined, { ref: false }).then(() => {
    throw new Error(`Expected an answer within ${ms / 1_000} s`);
  });
  return Promise.race([work, late]);
}
