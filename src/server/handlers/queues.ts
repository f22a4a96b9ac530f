import type { Site } from '../dashboard.ts';
import { ROOT } from '../queue-pages.ts';
import type { Exchange } from '../route.ts';

/** Sends a page, a file or data of bull-board. */
export async function sendQueues(exchange: Exchange, { queues }: Site): Promise<unknown> {
  const at = exchange.request.url.split('?', 1)[0]?.slice(ROOT.length) ?? '';
  if (at === '') return exchange.reply.redirect(`${ROOT}/`, 303);
  return queues.answer(exchange, at);
}
