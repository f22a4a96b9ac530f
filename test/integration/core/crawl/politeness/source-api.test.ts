import { afterEach, describe, expect, it } from 'vitest';
import { openSourceApi } from '../../../../../src/core/crawl/network/source-api.process.ts';
import { loadConfig } from '../../../../../src/core/config/load-config.ts';
import { apiKeyOf } from '../../../../../src/core/crawl/sources/permit-keys.ts';
import { readLimitStates } from '../../../../../src/core/crawl/sources/permit.repository.ts';
import { useDatabase } from '../../../../support/database.ts';
import { startLocalServer, type LocalServer } from '../../../../support/sites/local-server.ts';
import { keyWith } from '../../../../unit/core/crawl/sources/permit-model.ts';

const database = useDatabase();
let site: LocalServer | undefined;
afterEach(async () => site?.close());

/** Sends one request with this answer. Returns for how many whole seconds the source is not asked then. */
async function heldSecondsAfter(source: string, status: number, headers: Record<string, string>): Promise<number> {
  site = await startLocalServer(() => ({ status, headers, body: 'no' }));
  const { config } = await loadConfig({
    argvSettings: [['crawl.contact', 'curator@example.org', '--set']],
    configFile: undefined,
    collectionSettings: undefined,
  });
  const ready = { source: { name: source }, endpoints: [new URL(site.url).host] } as const;
  const options = { signal: new AbortController().signal, onWait: () => undefined };
  const api = openSourceApi({ db: database.db, config }, ready, options);
  expect((await api.send({ url: `${site.url}/v1` })).status).toBe(status);
  api.close();
  const [keyState] = await readLimitStates(database.db, [{ ...keyWith({}), key: apiKeyOf(source) }]);
  return Math.ceil((keyState?.nextPermitInMs ?? 0) / 1_000);
}

describe('the API of a source that answers', () => {
  it('with "too many requests" is not asked for a minute, or as long as it says', async () => {
    expect(await heldSecondsAfter('inaturalist', 429, {})).toSatisfy((held: number) => held > 30 && held <= 60);
    expect(await heldSecondsAfter('flickr', 429, { 'retry-after': '600' })).toSatisfy(
      (held: number) => held > 570 && held <= 600,
    );
  });

  it('with an error or a success is asked again at once', async () => {
    expect(await heldSecondsAfter('duckduckgo', 500, {})).toBe(0);
    expect(await heldSecondsAfter('other', 200, {})).toBe(0);
  });
});
