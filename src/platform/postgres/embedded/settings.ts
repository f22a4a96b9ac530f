import { SOCKET_PORT, type Port } from './layout.ts';

/**
 * The server's settings, written at each start to a file that postgresql.conf includes last. They use little memory and
 * full durability, because the catalogue is the source of truth. Reference:
 * https://www.postgresql.org/docs/18/runtime-config.html
 */
export function serverSettings(port: Port): string {
  const reach =
    port === null
      ? // Relative to the cluster, so that no character of the data folder's path needs quoting.
        {
          listen_addresses: '',
          unix_socket_directories: '../socket',
          unix_socket_permissions: '0700',
          port: SOCKET_PORT,
        }
      : { listen_addresses: '127.0.0.1', unix_socket_directories: '', port };
  const settings = {
    ...reach,
    max_connections: 200,
    shared_buffers: '128MB',
    max_wal_size: '512MB',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    // Parallel queries need /dev/shm, which is small in a container. A catalogue gains nothing from them.
    max_parallel_workers_per_gather: 0,
    max_parallel_maintenance_workers: 0,
    jit: 'off',
    // The query of a killed client ends soon, instead of holding its locks to the end. Windows does not support it.
    ...(process.platform === 'win32' ? {} : { client_connection_check_interval: '500ms' }),
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_line_prefix: '%m [%p] %q%a ',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`);
  return `# Written at each start of the embedded server: changes are lost.\n${lines.join('\n')}\n`;
}
