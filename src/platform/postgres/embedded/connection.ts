import { SOCKET_PORT, type Layout } from './layout.ts';

/** Database and superuser have the same name. */
export const ROLE = 'winnow';

/** Where a server listens: a loopback port, or with null the socket in the data folder. */
export type Port = number | null;

/**
 * The URL of a database on the server. It contains the password: never log it. The socket's folder is the percent-encoded host, a
 * form that libpq and pg share (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS). `sslmode` is set,
 * because pg would otherwise obey PGSSLMODE.
 */
export function urlOf(layout: Layout, to: { port: Port; password: string; database?: string }): string {
  const { port, password, database = ROLE } = to;
  const host = port === null ? `${encodeURIComponent(layout.socketFolder)}:${SOCKET_PORT}` : `127.0.0.1:${port}`;
  return `postgres://${ROLE}:${encodeURIComponent(password)}@${host}/${database}?sslmode=disable`;
}
