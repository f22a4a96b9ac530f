import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { UsageError } from '../../kernel/errors.ts';
import { refusedRangeOf } from './address-ranges.ts';
import { Refused } from './http-outcome.ts';

/**
 * Decides which addresses we may connect to. Pure: the agents (guarded-agents.ts) ask it just before each connection, with
 * the exact addresses that they will use.
 *
 * Hosts are written as `URL.hostname` writes them, which undoes all odd spellings (2130706433, 0x7f.1, 0177.0.0.1).
 */
export interface AddressGuard {
  /** Why the host of a URL is refused without a DNS lookup: it is an address that is not public. Null for names. */
  refusalOfHost(host: string, port: number): Refused | null;
  /** Returns the resolved addresses that we may connect to (at least one), or why there are none. */
  choose(host: string, port: number, addresses: readonly LookupAddress[]): readonly LookupAddress[] | Refused;
}

/**
 * @param allowAddresses exceptions, each `host:port`: `127.0.0.1:8080`, `[::1]:8080`, `intranet.example:80`, `10.0.0.5:*`. A
 *   name allows every address that it resolves to. An address also allows the names that resolve to it.
 * @throws UsageError for an entry of another form
 */
export function createAddressGuard(allowAddresses: readonly string[]): AddressGuard {
  const allowed = new Set(allowAddresses.map(normaliseEntry));
  const isAllowed = (host: string, port: number): boolean => allowed.has(`${host}:${port}`) || allowed.has(`${host}:*`);
  const refusalOf = (address: string, port: number): string | null =>
    isAllowed(hostOf(address), port) ? null : refusedRangeOf(address);
  return {
    refusalOfHost(host, port) {
      const address = host.startsWith('[') ? host.slice(1, -1) : host;
      const range = isIP(address) === 0 ? null : refusalOf(address, port);
      return range === null ? null : refused(`${host}:${port} is not public (${range})`);
    },
    choose(host, port, addresses) {
      if (addresses.length === 0) return new Refused({ reason: 'dns', detail: `${host} has no address` });
      if (isAllowed(withoutLastDot(host), port)) return addresses;
      const listed = addresses.filter(({ address }) => isAllowed(hostOf(address), port));
      if (listed.length > 0) return listed;
      // One bad address refuses the whole answer. No honest public host has one, and a second lookup might return only that
      // one.
      for (const { address } of addresses) {
        const range = refusedRangeOf(address);
        if (range !== null) return refused(`${host} resolves to ${address}, which is not public (${range})`);
      }
      return addresses;
    },
  };
}

function refused(detail: string): Refused {
  return new Refused({ reason: 'address-refused', detail });
}

/** An allow list entry with its host as `URL.hostname` would write it. */
function normaliseEntry(entry: string): string {
  const [, host = '', port = ''] = /^([^\s/?#@\\*]+):(\*|[1-9]\d{0,4})$/.exec(entry) ?? [];
  const parsed = host === '' || Number(port) > 65_535 ? null : URL.parse(`http://${host}`);
  // Either there is a second port, or this is an IPv6 address without brackets whose last part was read as the port.
  if (parsed === null || parsed.port !== '' || /:\d*$/.test(host)) {
    throw new UsageError(
      `Expected host:port (as 127.0.0.1:8080, [::1]:8080, intranet.example:80 or 10.0.0.5:*) in fetch.allowAddresses but received '${entry}'`,
      { code: 'allow-address' },
    );
  }
  return `${withoutLastDot(parsed.hostname)}:${port}`;
}

/** An address as `URL.hostname` writes it: IPv6 is shortened and in brackets. A zone (`%eth0`), which URLs cannot have, stays. */
function hostOf(address: string): string {
  return isIP(address) === 6 ? (URL.parse(`http://[${address}]`)?.hostname ?? address) : address;
}

function withoutLastDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}
