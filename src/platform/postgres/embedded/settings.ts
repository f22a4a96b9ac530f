import type { Endpoint } from './connection.ts';
import { SOCKET_PORT } from './layout.ts';

/**
 * The server's settings, rewritten at each start into a file that postgresql.conf includes last. Small memory, full
 * durability: the catalogue is the truth. Reference: https://www.postgresql.org/docs/18/runtime-config.html
 */
export function serverSettings(endpoint: Endpoint, platform: NodeJS.Platform): string {
  const reach =
    endpoint.kind === 'socket'
      ? // Relative to the cluster, so that no character of the data folder's path needs quoting.
        {
          listen_addresses: '',
          unix_socket_directories: '../socket',
          unix_socket_permissions: '0700',
          port: SOCKET_PORT,
        }
      : { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: endpoint.port };
  const settings = {
    ...reach,
    max_connections: 200,
    shared_buffers: '128MB',
    max_wal_size: '512MB',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    // Parallel queries need /dev/shm, of which a container has little; a catalogue gains nothing from them.
    max_parallel_workers_per_gather: 0,
    max_parallel_maintenance_workers: 0,
    jit: 'off',
    // A query of a client that was killed ends soon, instead of holding its locks to the end. Not known on Windows.
    ...(platform === 'win32' ? {} : { client_connection_check_interval: '500ms' }),
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
