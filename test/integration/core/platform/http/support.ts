import { systemClock } from '../../../../../src/core/kernel/clock.ts';
import {
  openHttpClient,
  type HttpClient,
  type HttpClientOptions,
} from '../../../../../src/core/platform/http/http-client.ts';
import type { ResolveHost } from '../../../../../src/core/platform/http/guarded-agents.ts';
import type { HttpLimits } from '../../../../../src/core/platform/http/request.ts';

/** Long enough for a busy machine, and short enough to wait for. */
export const LIMITS: HttpLimits = {
  totalTimeoutMs: 12_000,
  firstByteTimeoutMs: 6_000,
  minBytesPerSecond: 1_000,
  speedWindowMs: 2_000,
  maxBytes: 10_000_000,
  maxRedirects: 5,
};

export const USER_AGENT = 'winnow-test/1.0 (+mailto:test@example.org)';

export function openClient(allowAddresses: readonly string[], options: Partial<HttpClientOptions> = {}): HttpClient {
  return openHttpClient({
    userAgent: USER_AGENT,
    connectionsPerHost: 32,
    allowAddresses,
    clock: systemClock,
    ...options,
  });
}

/** A resolver that knows only these names. Each lookup takes the next answer, and the last answer repeats. */
export function resolverOf(names: Readonly<Record<string, readonly (readonly string[])[]>>): {
  readonly resolve: ResolveHost;
  readonly asked: readonly string[];
} {
  const asked: string[] = [];
  const resolve: ResolveHost = (host, callback) => {
    const answers = names[host] ?? [];
    const before = asked.filter((name) => name === host).length;
    const answer = answers[Math.min(before, answers.length - 1)];
    asked.push(host);
    if (answer === undefined)
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }), []);
    else
      callback(
        null,
        answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
  };
  return { resolve, asked };
}
