import type { Layout } from './layout.ts';
import { SOCKET_PORT } from './layout.ts';

/** Database and superuser have the same name. */
export const ROLE = 'winnow';
/** Prefix of every connection's application_name, by which clients are counted. */
export const NAME_PREFIX = 'winnow';

export type Endpoint = { readonly kind: 'socket' } | { readonly kind: 'port'; readonly port: number };

/**
 * Options for `pg.Client` and `pg.Pool`, also by spreading (`{ ...connection, max: 3 }`). The password is a function, which
 * pg allows, so that logging or serialising the object does not show it.
 */
export interface EmbeddedConnection {
  /** The folder of the Unix socket, or 127.0.0.1. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: () => string;
  /** Set explicitly, because pg would otherwise obey PGSSLMODE. */
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
 * The connection as a URL, for libraries that accept nothing else. It contains the password: never log it. The socket's
 * folder is the percent-encoded host, a form that libpq and pg share
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS).
 */
export function connectionUrlOf(connection: EmbeddedConnection): string {
  const { host, port, user, password, database, application_name: name } = connection;
  const parameters = `sslmode=disable&application_name=${encodeURIComponent(name)}`;
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password())}`;
  return `postgres://${login}@${encodeURIComponent(host)}:${port}/${database}?${parameters}`;
}

/** `winnow <client> <pid>`, within the 63 bytes of printable ASCII that PostgreSQL keeps. The pid is never cut off. */
export function applicationNameOf(clientName: string, pid: number, prefix = NAME_PREFIX): string {
  const client = clientName.replaceAll(/[^\x21-\x7e]+/g, '-').slice(0, 32);
  return `${prefix} ${client || 'client'} ${pid}`;
}
