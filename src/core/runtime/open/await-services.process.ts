import { codeOf, messageOf, ServiceAway } from '../../kernel/errors.ts';
import { blobPlaceOf } from '../../platform/blobs/blob-place.ts';
import { openBlobs } from '../../platform/blobs/open-blobs.ts';
import { TROUBLE } from '../../platform/blobs/s3-failure.ts';
import { reachServer } from '../../platform/postgres/reach-server.ts';
import { catalogueText, clientNameOf, type AppOptions } from './app.process.ts';
import { databaseFailure } from './database-failure.process.ts';
import { sleepUnlessAborted } from './outage.process.ts';
import { redisText } from './queues.process.ts';

type Services = Pick<AppOptions, 'config' | 'log' | 'dataDir' | 'databaseFrom' | 'redisFrom'> & {
  readonly signal: AbortSignal;
};

interface Service {
  readonly name: 'PostgreSQL' | 'Redis' | 'S3';
  reach(): Promise<unknown>;
}

const RETRY_EVERY_MS = 1_000;

/**
 * Waits until PostgreSQL, Redis and S3 answer, as far as the settings name them, for at most `workers.waitForServicesMs` in
 * all. After a reboot they may start later than winnow.
 *
 * @throws ServiceAway `service-away` after that time. What does not pass, such as a wrong password, is thrown at once
 */
export async function awaitServices(services: Services): Promise<void> {
  const endMs = performance.now() + services.config.workers.waitForServicesMs;
  for (const service of servicesOf(services)) await awaitOne(service, services, endMs);
}

async function awaitOne(
  service: Service,
  { config: { workers }, log, signal }: Services,
  endMs: number,
): Promise<void> {
  const { name } = service;
  let isLogged = false;
  while (!signal.aborted)
    try {
      await service.reach();
      if (isLogged) log.info(`${name} is reachable again`);
      return;
    } catch (error) {
      if (!isAway(error)) throw error;
      const waitMs = Math.min(RETRY_EVERY_MS, endMs - performance.now());
      if (waitMs <= 0) {
        const waited = `${workers.waitForServicesMs / 1_000} s (workers.waitForServicesMs)`;
        const message = `${name} is away, and did not come back within ${waited}: ${messageOf(error)}`;
        throw new ServiceAway(message, { code: 'service-away', cause: error });
      }
      if (!isLogged) log.warn({ reason: messageOf(error) }, `${name} is away; waiting for it`);
      isLogged = true;
      await sleepUnlessAborted(waitMs, signal);
    }
}

const loadRedis = () => import('../../platform/queue/reach-redis.ts');

function servicesOf(services: Services): readonly Service[] {
  const { config, dataDir, signal } = services;
  const [{ url }, { redisUrl }, place] = [config.postgres, config.queue, blobPlaceOf(config.blobs, dataDir)];
  const all: Service[] = [];
  if (url !== null) {
    const server = { url, applicationName: clientNameOf(config, 'start'), shown: catalogueText(services), signal };
    all.push({ name: 'PostgreSQL', reach: () => reachServer(server) });
  }
  if (redisUrl !== null) {
    const server = { url: redisUrl, shown: redisText(services), signal };
    all.push({ name: 'Redis', reach: async () => (await loadRedis()).reachRedis(server) });
  }
  if (place.kind !== 'folder')
    all.push({
      name: 'S3',
      async reach() {
        const blobs = await openBlobs(place);
        try {
          await blobs.check();
        } finally {
          await blobs.close();
        }
      },
    });
  return all;
}

/** Redis refuses a password or a database with these. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
const REFUSED_BY_REDIS = /WRONGPASS|NOAUTH|NOPERM|invalid password|DB index/i;

/** False for errors that waiting does not cure: a wrong password, a missing database or bucket. */
function isAway(error: unknown): boolean {
  const code = codeOf(error);
  if (code === 'postgres-unreachable')
    return error instanceof Error && databaseFailure(error.cause)?.code === 'database-gone';
  if (code === 'redis-unreachable') return !REFUSED_BY_REDIS.test(messageOf(error));
  return code === TROUBLE;
}
