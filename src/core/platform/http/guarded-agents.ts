import { lookup, type LookupAddress } from 'node:dns';
import type { Agent, ClientRequestArgs } from 'node:http';
import type { LookupFunction } from 'node:net';
import { Duplex } from 'node:stream';
import { messageOf } from '../../kernel/errors.ts';
import type { AddressGuard } from './address-guard.ts';
import { Refused } from './http-outcome.ts';

/** Resolves a name to all of its addresses, like `dns.lookup` with the option `all`. */
export type ResolveHost = (
  host: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

export const resolveBySystem: ResolveHost = (host, callback) => lookup(host, { all: true }, callback);

export interface Passage {
  readonly guard: AddressGuard;
  readonly resolve: ResolveHost;
}

export type OnConnection = (error: Error | null, stream: Duplex) => void;

/**
 * Makes an agent check each address just before connecting to it. A name is looked up once per connection, and the
 * connection goes to the address that was checked. An answer that changes later (DNS rebinding) therefore has no effect.
 * Node still keeps connections for reuse under name and port, and `Host` and SNI still contain the name.
 *
 * It must be the agent: Node never calls `lookup` for a host that is an address already.
 */
export function guardAgent(agent: Agent, passage: Passage): void {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const guarded = guardConnection(options, passage);
    return guarded instanceof Refused ? refuseConnection(guarded, callback) : connect(guarded, callback);
  };
}

/** Reports the error through the callback. If it were thrown, it would be uncaught for a request that waited for a connection. */
export function refuseConnection(error: Error, callback: OnConnection | undefined): undefined {
  // The typings ask for a stream. Node looks at the error first.
  callback?.(error, new Duplex());
}

/** Connection options whose lookup answers only checked addresses, or why the host is refused. */
function guardConnection(options: ClientRequestArgs, { guard, resolve }: Passage): ClientRequestArgs | Refused {
  const host = options.host ?? 'localhost';
  const port = Number(options.port);
  const lookupChecked: LookupFunction = (name, { all }, callback) => {
    resolve(name, (error, addresses) => {
      if (error !== null) return callback(new Refused({ reason: 'dns', detail: messageOf(error) }), []);
      const chosen = guard.choose(name, port, addresses);
      if (chosen instanceof Refused) return callback(chosen, []);
      if (all === true) return callback(null, [...chosen]);
      const [first] = chosen;
      return callback(null, first?.address ?? '', first?.family);
    });
  };
  return guard.refusalOfHost(host, port) ?? { ...options, lookup: lookupChecked };
}
