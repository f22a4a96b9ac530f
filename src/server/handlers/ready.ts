import type { Site } from '../dashboard.ts';
import type { Exchange } from '../route.ts';

/** Tells whether the server can work: whether the catalogue answers. */
export async function sendReady({ reply }: Exchange, { isReady }: Site): Promise<unknown> {
  const ready = await isReady();
  return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
}
