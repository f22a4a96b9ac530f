import { stringify } from 'csv-stringify/sync';
import type { Account } from './account.ts';

/**
 * Lines of `domains.csv`: each host that photos came from, the number of its photos, and what it and the files said about their use
 * by machines, as it came, with the number of photos in brackets and ` | ` between.
 */
export function domainsCsv({ domains = [] }: Account): string {
  const rows = domains.map(({ host, photos, signals }) => [
    host,
    String(photos),
    signals.map((one) => `${one.signal} (${one.photos})`).join(' | '),
  ]);
  return stringify([['host', 'photos', 'signals'], ...rows], { record_delimiter: '\n' });
}
