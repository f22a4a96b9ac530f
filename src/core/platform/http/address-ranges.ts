/**
 * Addresses that URLs from others must not reach: everything outside the public internet. The sources are IANA's IPv4 and
 * IPv6 Special-Purpose Address Registries (RFC 6890 and its updates), and the metadata addresses of cloud providers.
 */
import { BlockList, isIP } from 'node:net';

/**
 * IPv4 networks by purpose. The first match names an address. `BlockList` also matches IPv4-mapped IPv6 addresses
 * (::ffff:0:0/96) against them. Each network is refused inside NAT64 addresses as well.
 */
const IPV4_RANGES: readonly (readonly [name: string, ...networks: string[]])[] = [
  ['unspecified', '0.0.0.0/8'],
  ['loopback', '127.0.0.0/8'],
  // Most clouds use the link-local 169.254.169.254. Azure's address has a public number, Alibaba's is in the carrier-grade
  // NAT, and Oracle's is in 192.0.0.0/24.
  ['cloud metadata', '169.254.169.254/32', '168.63.129.16/32', '100.100.100.200/32', '192.0.0.192/32'],
  ['private', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'],
  ['link-local', '169.254.0.0/16'],
  ['carrier-grade NAT', '100.64.0.0/10'],
  ['benchmarking', '198.18.0.0/15'],
  ['documentation', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'],
  ['protocol assignment', '192.0.0.0/24', '192.88.99.0/24'],
  ['multicast', '224.0.0.0/4'],
  ['broadcast', '255.255.255.255/32'],
  ['reserved', '240.0.0.0/4'],
];

/** Networks inside or outside `IPV6_PUBLIC`. Those outside are listed only to give them a name in messages. */
const IPV6_RANGES: readonly (readonly [name: string, ...networks: string[]])[] = [
  ['unspecified', '::/128'],
  ['loopback', '::1/128'],
  ['cloud metadata', 'fd00:ec2::254/128'],
  ['unique-local', 'fc00::/7'],
  ['link-local', 'fe80::/10', 'fec0::/10'],
  ['multicast', 'ff00::/8'],
  ['documentation', '2001:db8::/32', '3fff::/20'],
  // Teredo, ORCHID, benchmarking and similar protocols.
  ['protocol assignment', '2001::/23'],
  // 6to4 carries an IPv4 address. It is deprecated together with its relays (RFC 7526), so no public host is lost.
  ['6to4', '2002::/16'],
];

/** Everything that can be public: global unicast, and IPv4 in the two forms that hosts really use. The rest is unassigned. */
const IPV6_PUBLIC = ['2000::/3', '::ffff:0:0/96', '64:ff9b::/96'];
const NAT64_PREFIX = '64:ff9b::';

interface Ranges {
  readonly special: readonly { readonly name: string; readonly list: BlockList }[];
  readonly publicIpv6: BlockList;
}

/** Built on first use, because most commands check no address. */
let made: Ranges | null = null;

function ranges(): Ranges {
  return (made ??= {
    special: [
      ...IPV4_RANGES.map(([name, ...networks]) => ({
        name,
        list: listOf([...networks, ...networks.map(insideNat64)]),
      })),
      ...IPV6_RANGES.map(([name, ...networks]) => ({ name, list: listOf(networks) })),
    ],
    publicIpv6: listOf(IPV6_PUBLIC),
  });
}

/** The kind of an address that is not public (`loopback`, `private`, ...), also of text that is no IP address. Null if public. */
export function refusedRangeOf(address: string): string | null {
  const bare = address.replace(/%.*$/s, '');
  const version = isIP(bare);
  if (version === 0) return 'not an IP address';
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const { special, publicIpv6 } = ranges();
  const range = special.find(({ list }) => list.check(bare, family));
  if (range !== undefined) return range.name;
  return version === 4 || publicIpv6.check(bare, family) ? null : 'reserved';
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    list.addSubnet(address, Number(prefix), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** Returns the same IPv4 network behind the well-known NAT64 prefix (RFC 6052): 10.0.0.0/8 becomes 64:ff9b::10.0.0.0/104. */
function insideNat64(network: string): string {
  const [address = '', prefix = ''] = network.split('/');
  return `${NAT64_PREFIX}${address}/${96 + Number(prefix)}`;
}
