import type { Site } from '../dashboard.ts';
import type { Exchange } from '../route.ts';

/** Sends the measures of every collection to Prometheus. */
export async function sendMetrics({ reply }: Exchange, { metrics }: Site): Promise<unknown> {
  const text = await metrics.text();
  return reply.header('content-type', metrics.contentType).send(text);
}
