/**
 * A client in a separate process. It attaches, prints one JSON line, and then reads commands from stdin. `{"sql": "..."}`
 * prints the rows; `{"detach": true}` detaches and ends.
 */
import { createInterface } from 'node:readline';
import { codeOf, messageOf } from '../../../../../src/core/kernel/errors.ts';
import { attachEmbedded } from '../../../../../src/core/platform/postgres/embedded/attach.ts';
import { query } from './query.ts';

const [dataDir = '', clientName = 'client'] = process.argv.slice(2);
const quiet = (): void => undefined;

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

try {
  const log = {
    debug: quiet,
    info: quiet,
    warn: (fields: object, message: string) => say({ warning: message, fields }),
  };
  const postgres = await attachEmbedded({ dataDir, clientName, log });
  say({ attached: true, soleClient: postgres.soleClient });
  for await (const line of createInterface({ input: process.stdin })) {
    const order: { sql?: string } = JSON.parse(line);
    if (order.sql === undefined) break;
    say({ rows: await query(postgres, order.sql) });
  }
  await postgres.detach();
  say({ detached: true });
} catch (error) {
  say({ error: error instanceof Error ? error.name : typeof error, code: codeOf(error), message: messageOf(error) });
} finally {
  // An open pipe would keep the process alive.
  process.stdin.destroy();
}
