import type { Layout } from './layout.ts';
import { SOCKET_PORT } from './layout.ts';

/** Database and superuser have the same name. */
export const ROLE = 'winnow';
/** What every connection's application_name begins with; the last client to leave is known by it. */
export const NAME_PREFIX = 'winnow';

export type Endpoint = { readonly kind: 'socket' } | { readonly kind: 'port'; readonly port: number };

/**
 * For `pg.Client`, `pg.Pool` and whatever spreads a pool's options (`{ ...connection, max: 3 }`). The password is a
 * function, as pg allows, so that an object that is logged or serialised does not show it.
 */
export interface EmbeddedConnection {
  /** A folder (of the Unix socket) or 127.0.0.1. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: () => string;
  /** Stated, as pg obeys PGSSLMODE otherwise. */
  readonly ssl: false;
  /** `winnow <client> <pid>` */
  readonly application_name: string;
}

export function connectionOf(
  layout: Layout,
  endpoint: Endpoint,
  secret: { password: string; applicationName: string },
): EmbeddedConnection {
  const { password, applicationName } = secret;
  return {
    host: endpoint.kind === 'socket' ? layout.socketFolder : '127.0.0.1',
    port: endpoint.kind === 'socket' ? SOCKET_PORT : endpoint.port,
    user: ROLE,
    database: ROLE,
    password: () => password,
    ssl: false,
    application_name: applicationName,
  };
}

/**
 * The same as a URL, for consumers that take nothing else. It holds the password: never log it. A socket's folder is
 * the percent-encoded host, a form that libpq and pg share
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS).
 */
export function connectionUrlOf(connection: EmbeddedConnection): string {
  const { host, port, user, password, database, application_name: name } = connection;
  const parameters = `sslmode=disable&application_name=${encodeURIComponent(name)}`;
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password())}`;
  return `postgres://${login}@${encodeURIComponent(host)}:${port}/${database}?${parameters}`;
}

/** `winnow <client> <pid>`, in the 63 bytes of printable ASCII that PostgreSQL keeps; the pid is never cut off. */
export function applicationNameOf(clientName: string, pid: number, prefix = NAME_PREFIX): string {
  const client = clientName.replaceAll(/[^\x21-\x7e]+/g, '-').slice(0, 32);
  return `${prefix} ${client || 'client'} ${pid}`;
}
