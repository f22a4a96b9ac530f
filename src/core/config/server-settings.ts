import * as z from 'zod';
import { PERSON_NAME, PERSON_NAME_RULE, ROLES } from '../kernel/people.ts';
import { wholeNumber } from './schema-problems.ts';
import { setting } from './setting.ts';

const ADDRESS_WORDS = 'an address (10.0.0.5, ::1) or a network (10.0.0.0/8, fd00::/8)';

export const SERVER_SETTINGS = {
  'server.host': setting(
    z.string().trim().min(1).max(255),
    '127.0.0.1',
    "Address that the server listens on. Every address except this machine's own (127.0.0.1, ::1) needs a token.",
  ),
  'server.port': setting(wholeNumber(0, 65_535), 4_310, 'Port that the server listens on. 0: any free port.'),
  'server.allowedHosts': setting(
    z.array(
      z
        .string()
        .regex(/^[a-z\d.-]+$/)
        .describe('a host name in lower case, without a port'),
    ),
    [],
    'Host names under which people reach the server, besides addresses and localhost. The server refuses requests for other hosts.',
  ),
  'server.trustProxy': setting(
    z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]).describe(ADDRESS_WORDS)),
    [],
    'Addresses of the proxies that end TLS in front of the server. Only their X-Forwarded-For and X-Forwarded-Proto headers are ' +
      'believed: limits then count for the address of each person, and cookies are sent over TLS only.',
  ),
  'server.basePath': setting(
    z
      .string()
      .regex(/^(?:\/(?!\.{1,2}(?:\/|$))[\w.~%@:+=,-]+)+$/)
      .describe(
        'a path such as /tools/winnow (a slash before each part and none at the end; parts of letters, digits and . _ ~ % @ : + = , -)',
      )
      .nullable(),
    null,
    'Path below which a proxy serves the pages, as JupyterHub does. The proxy may take it off the address or leave it. null: none.',
  ),
  'server.maxConnections': setting(
    wholeNumber(2, 100_000),
    1_000,
    'How many connections are open at the same time. The server closes further ones at once. One address that is no proxy may hold half of them.',
  ),
  'server.operations': setting(
    z.boolean(),
    true,
    'Operators can start the next command of a collection from its page: filter, shortlist, rights, export, verify and report. ' +
      'Behind server.basePath that needs a token. false: the pages only show the command.',
  ),
  'server.statementTimeoutMs': setting(
    wholeNumber(100, 3_600_000),
    30_000,
    'How long a statement of a request may take in PostgreSQL, in milliseconds. The request then gets the answer 503. What is read once for all pages has no such limit.',
  ),
  'server.photoResponses': setting(
    wholeNumber(1, 100),
    64,
    'How many photos the server sends at the same time. Further requests wait for a while, then get the answer 503.',
  ),
  'server.photoIdleTimeoutMs': setting(
    wholeNumber(1_000, 600_000),
    30_000,
    'A client that reads nothing of its photo for this long is disconnected, in milliseconds. A slow client is not.',
  ),
  'server.token': setting(token().nullable(), null, {
    description:
      'Token of the operator role, which may do everything. Without any token, everyone on this machine may do everything.',
    secret: 'whole',
    aliases: ['WINNOW_TOKEN'],
  }),
  'server.reviewerToken': setting(token().nullable(), null, {
    description: 'Token of the reviewer role, which may look and judge photos. null: there is no such role.',
    secret: 'whole',
  }),
  'server.viewerToken': setting(token().nullable(), null, {
    description: 'Token of the viewer role, which may only look, such as Prometheus. null: there is no such role.',
    secret: 'whole',
  }),
  'server.people': setting(
    z
      .record(
        z.string().regex(PERSON_NAME).describe(`a name (${PERSON_NAME_RULE})`),
        z.strictObject({ role: z.enum(ROLES), token: token() }),
      )
      .describe(`a mapping of names to {role, token}, the role one of ${ROLES.join(', ')}`),
    {},
    {
      description:
        'People by their names, each with a role and a token of their own. Their reviews are stored under these names.',
      secret: 'all-but-roles',
    },
  ),
  'workers.drainTimeoutMs': setting(
    wholeNumber(0, 3_600_000),
    8_000,
    'How long a worker that receives SIGTERM may take to finish its running jobs, in milliseconds. Then it abandons them and ends. ' +
      'Keep this below the time after which the worker is killed: 10 s with Docker, 30 s with Kubernetes.',
  ),
  'workers.waitForServicesMs': setting(
    wholeNumber(0, 3_600_000),
    60_000,
    'How long a worker or the server that starts waits for PostgreSQL, Redis and S3, in milliseconds. Then it ends with exit code 75.',
  ),
  'workers.heartbeatFile': setting(
    z.string().trim().min(1).describe('a path').nullable(),
    null,
    'File that a worker writes at least every half minute while it makes progress, and removes when it ends. A monitor checks the ' +
      'age of the file. null: no file.',
  ),
  'workers.metricsPort': setting(
    wholeNumber(0, 65_535).nullable(),
    null,
    'Port on which a worker serves its metrics for Prometheus, at /metrics. Workers on one machine need different ports. 0: any free port, which the log names. null: none.',
  ),
  'workers.metricsHost': setting(
    z.string().trim().min(1).max(255),
    '127.0.0.1',
    'Address that a worker serves its metrics on. They need no token, so let only Prometheus reach it.',
  ),
} as const;

/** A schema of tokens: too long to guess, and of characters that a header and a form can carry. */
function token(): z.ZodString {
  return z
    .string()
    .regex(/^[\w.~+/=-]{16,200}$/)
    .describe('16 to 200 letters, digits and . _ ~ + / = - (`openssl rand -hex 24` makes one)');
}
