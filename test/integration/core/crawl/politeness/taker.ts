/** A separate process that takes permits as fast as it can: `taker.ts DATABASE_URL SECONDS TAKERS PERMIT_KEYS...`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../../../../src/core/platform/postgres/open-database.ts';
import { takePermit } from '../../../../../src/core/crawl/sources/permit.repository.ts';
import { keyWith } from '../../../../unit/core/crawl/sources/permit-model.ts';

const [url = '', seconds = '', takers = '', perMinute = '', ...names] = process.argv.slice(2);
const keys = names.map((key) => ({ ...keyWith({ requestsPerMinute: Number(perMinute) }), key }));
const db = await openDatabase({
  url,
  applicationName: `winnow test ${process.pid}`,
  poolSize: Number(takers),
  onConnectionLost(error) {
    throw error;
  },
});
const endMs = performance.now() + Number(seconds) * 1000;

async function takeOn(taker: number): Promise<void> {
  // Every other taker lists the keys in reverse order. If takePermit locked them in the given order, the takers would
  // deadlock.
  const order = taker % 2 === 0 ? keys : keys.toReversed();
  while (performance.now() < endMs) {
    const answer = await takePermit(db, order);
    if (answer.granted) console.log(answer.permit.keys[0]?.atUs);
    else await sleep(answer.waitMs);
  }
}

await Promise.all(Array.from({ length: Number(takers) }, (_, taker) => takeOn(taker)));
await db.destroy();
