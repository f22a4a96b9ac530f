import { lookup, type LookupAddress } from 'node:dns';
import http, { type ClientRequestArgs } from 'node:http';
import https, { type RequestOptions } from 'node:https';
import type { LookupFunction } from 'node:net';
import { Duplex } from 'node:stream';
import { messageOf } from '../../kernel/errors.ts';
import type { AddressGuard } from './address-guard.ts';
import { Refused } from './refused.ts';

/** Resolves a name to all of its addresses, as `dns.lookup` with `all`. */
export type ResolveHost = (
  host: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

export const resolveBySystem: ResolveHost = (host, callback) => lookup(host, { all: true }, callback);

/** Where connections may go, and how names become addresses. */
export interface Passage {
  readonly guard: AddressGuard;
  readonly resolve: ResolveHost;
}

export type OnConnection = (error: Error | null, stream: Duplex) => void;

/**
 * Checks each address just before it is connected to. A name is looked up once per connection, and the connection is
 * made to what was checked, so that an answer that changes (DNS rebinding) changes nothing; name and port stay the key
 * under which Node keeps connections for reuse, and the name what `Host` and SNI say.
 *
 * It must be the agent: Node never calls `lookup` for a host that is an address already.
 */
export class GuardedHttpAgent extends http.Agent {
  readonly #passage: Passage;

  constructor(passage: Passage, options: http.AgentOptions) {
    super(options);
    this.#passage = passage;
  }

  override createConnection(options: ClientRequestArgs, callback?: OnConnection): Duplex | null | undefined {
    const guarded = guardConnection(options, this.#passage);
    if (!(guarded instanceof Refused)) return super.createConnection(guarded, callback);
    return refuseConnection(guarded, callback);
  }
}

/** The same with TLS. */
export class GuardedHttpsAgent extends https.Agent {
  readonly #passage: Passage;

  constructor(passage: Passage, options: https.AgentOptions) {
    super(options);
    this.#passage = passage;
  }

  override createConnection(options: RequestOptions, callback?: OnConnection): Duplex | null | undefined {
    const guarded = guardConnection(options, this.#passage);
    if (!(guarded instanceof Refused)) return super.createConnection(guarded, callback);
    return refuseConnection(guarded, callback);
  }
}

/** Through the callback: what is thrown here would be uncaught for a request that waited for a connection. */
export function refuseConnection(error: Error, callback: OnConnection | undefined): undefined {
  // The stream is there for the typings; Node looks at the error first.
  callback?.(error, new Duplex());
}

/** The options of a connection, with a look-up that answers checked addresses only; or why its host is refused. */
function guardConnection<Options extends ClientRequestArgs>(
  options: Options,
  { guard, resolve }: Passage,
): Options | Refused {
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
