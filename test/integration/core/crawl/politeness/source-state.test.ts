import { expect, it } from 'vitest';
import { loadConfig } from '../../../../../src/core/config/load-config.ts';
import { SourceState } from '../../../../../src/core/crawl/discover/source-state.process.ts';
import { permitSoon, politenessOf } from '../../../../../src/core/crawl/network/politeness.process.ts';
import { apiPermits } from '../../../../../src/core/crawl/sources/permit-keys.ts';
import { RetryLater } from '../../../../../src/core/kernel/errors.ts';
import { useDatabase } from '../../../../support/database.ts';

const database = useDatabase();

it('a wish to wait in an answer of HTTP 200 holds the requests of all processes', async () => {
  const { config } = await loadConfig();
  const state = new SourceState({ db: database.db, config }, {
    ready: { source: { name: 'commons' }, endpoints: ['commons.wikimedia.org:443'] },
    collectionId: 1,
    onWait: () => undefined,
    onStopped: () => undefined,
  } as never);
  const ask = () =>
    permitSoon(database.db, apiPermits('commons', politenessOf(config)), {
      signal: new AbortController().signal,
      patienceMs: 10_000,
    });
  const first = await ask();
  expect(first).toHaveProperty('permit');
  if ('release' in first) first.release();
  await state.failed(new RetryLater('ratelimited', { code: 'ratelimited', retryAfterMs: 60_000 }));
  const { reason, waitMs } = (await ask()) as { reason: string; waitMs: number };
  expect([reason, waitMs > 55_000]).toEqual(['retry-after', true]);
});
