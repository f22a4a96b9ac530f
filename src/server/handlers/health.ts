import type { Route } from '../route.ts';

/** For whoever watches over the process: it runs; it can work. Neither tells anything else. */
export function healthRoutes(isReady: () => Promise<boolean>): Route[] {
  return [
    { method: 'GET', path: '/health', role: null, handle: async () => ({ status: 'up' }) },
    {
      method: 'GET',
      path: '/ready',
      role: null,
      async handle({ reply }) {
        const ready = await isReady();
        return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
      },
    },
  ];
}
