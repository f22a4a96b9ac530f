import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { normalizeIP } from '@fastify/rate-limit';
import type { Logger } from '../../../core/platform/log/logger.ts';

interface ConnectionLimit {
  readonly maxConnections: number;
  /** Proxies carry the requests of many people, so that only the limit for all holds for them. */
  readonly isProxy: (address: string) => boolean;
  readonly log: Logger;
}

/** A flood of connections is a line of the log in this time, in milliseconds. */
const LOG_EVERY_MS = 60_000;

/** Closes new connections beyond the limit. One address that is no proxy gets half of them. */
export function limitConnections(server: Server, { maxConnections, isProxy, log }: ConnectionLimit): void {
  const most = Math.ceil(maxConnections / 2);
  const open = new Map<string, number>();
  let silentUntilMs = 0;
  const warn = (reason: string): void => {
    if (performance.now() < silentUntilMs) return;
    silentUntilMs = performance.now() + LOG_EVERY_MS;
    log.warn({ reason }, 'connections are closed at once: too many are open (server.maxConnections)');
  };
  server.maxConnections = maxConnections;
  server.on('drop', () => warn(`${maxConnections} are open`));
  server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket;
    if (isProxy(remoteAddress)) return;
    const address = normalizeIP(remoteAddress);
    const others = open.get(address) ?? 0;
    if (others >= most) {
      warn(`${others} are of ${address}`);
      socket.destroy();
      return;
    }
    open.set(address, others + 1);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}
