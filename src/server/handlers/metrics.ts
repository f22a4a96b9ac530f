import { readerOf } from '../access.ts';
import type { Site } from '../dashboard.ts';
import type { Exchange } from '../route.ts';

/** Sends the measures of every collection to Prometheus. */
export async function sendMetrics(exchange: Exchange, site: Site): Promise<unknown> {
  const { metrics } = site;
  const text = await metrics.text(readerOf(exchange, site));
  return exchange.reply.header('content-type', metrics.contentType).send(text);
}
