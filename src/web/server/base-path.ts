import type { FastifyInstance } from 'fastify';
import { UsageError } from '../../core/kernel/errors.ts';
import type { Route } from './route.ts';

/**
 * A proxy may serve winnow below a path, such as `/tools/winnow` (`server.basePath`). All code here writes addresses without it.
 * They get it as they leave the server: in HTML, redirects and cookies. `src/web/pages/base-path.ts` adds it in the browser.
 * @throws UsageError `server-base-path` if the first part is also one of the server's own: then nobody could tell them apart
 */
export function addBasePath(app: FastifyInstance, basePath: string, routes: readonly Route[]): void {
  const own = new Set(routes.map(({ path }) => path.split('/')[1]).filter((part) => part !== ''));
  if (own.has(basePath.split('/')[1]))
    throw new UsageError(
      `Expected a server.basePath that does not begin as winnow's own addresses do (${[...own].join(', ')}) but received '${basePath}'. Let the proxy serve winnow below another path.`,
      { code: 'server-base-path' },
    );
  if (basePath === '') return;
  app.addHook('onSend', async (_request, reply, payload) => {
    const to = reply.getHeader('location');
    if (typeof to === 'string' && to.startsWith('/')) reply.header('location', basePath + to);
    const cookies = [reply.getHeader('set-cookie') ?? []].flat();
    reply.removeHeader('set-cookie');
    for (const cookie of cookies)
      reply.header('set-cookie', String(cookie).replace(/; Path=(?:\/(?=;))?/, `; Path=${basePath}`));
    const isPage = String(reply.getHeader('content-type')).startsWith('text/html');
    return isPage && typeof payload === 'string' ? withBasePath(payload, basePath) : payload;
  });
}

/** The same HTML, whose addresses of this server have the path. Text cannot look like an attribute: its quotes are escaped. */
export function withBasePath(html: string, basePath: string): string {
  return html.replaceAll(/ (href|src|action)="\/(?!\/)/g, ` $1="${basePath}/`);
}

/** The address as the server knows it. Some proxies take the path off themselves. */
export function withoutBasePath(address: string, basePath: string): string {
  const rest = address.startsWith(basePath) ? address.slice(basePath.length) : null;
  if (rest === null || !/^(?:[/?]|$)/.test(rest)) return address;
  return rest.startsWith('/') ? rest : `/${rest}`;
}
