import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics } from 'prom-client';
import { takeWork, workMetrics, type StageWork } from '../../runtime/work/work-metrics.ts';
import type { Config } from '../../config/settings.ts';
import { messageOf, UsageError } from '../../kernel/errors.ts';
import type { Logger } from '../../platform/log/logger.ts';

const TELL_EVERY_MS = 60_000;

/** Serves the metrics of this process over HTTP, if `workers.metricsPort` is set. Returns a function that ends it. */
export async function serveMetrics({ workers }: Config, log: Logger): Promise<() => void> {
  const { metricsPort: port, metricsHost: host } = workers;
  if (port === null) return () => undefined;
  collectDefaultMetrics({ register: workMetrics });
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    void workMetrics
      .metrics()
      .then((text) => response.writeHead(200, { 'content-type': workMetrics.contentType }).end(text));
  });
  try {
    await once(server.listen(port, host), 'listening');
  } catch (error) {
    throw new UsageError(
      `Cannot serve metrics on '${host}', port ${port}: ${messageOf(error)}. Choose others with workers.metricsHost and workers.metricsPort (0: any free port).`,
      { code: 'metrics-address', cause: error },
    );
  }
  // With port 0 the system chooses the port. A server on TCP has an object as its address.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  const { port: used } = server.address() as AddressInfo;
  log.info({ host, port: used }, 'metrics are served');
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

/** Logs once a minute what each stage did. The returned function logs the rest. */
export function tellWork(log: Pick<Logger, 'info'>, everyMs = TELL_EVERY_MS): () => void {
  const tell = (): void => {
    for (const [stage, work] of takeWork()) log.info({ stage, ...fieldsOf(work) }, 'work since the last such line');
  };
  const timer = setInterval(tell, everyMs).unref();
  return () => {
    clearInterval(timer);
    tell();
  };
}

function fieldsOf({ seconds, failedJobs, reasons, ...work }: StageWork): object {
  return {
    ...work,
    seconds: Math.round(seconds * 10) / 10,
    ...(failedJobs === 0 ? {} : { failedJobs }),
    ...(Object.keys(reasons).length === 0 ? {} : { reasons }),
  };
}
