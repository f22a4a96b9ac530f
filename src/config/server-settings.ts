import * as z from 'zod';
import { wholeNumber } from './schema-problems.ts';
import { setting } from './setting.ts';

/** Where the web server listens, and who may use it. */
export const SERVER_SETTINGS = {
  'server.host': setting(
    z.string().trim().min(1).max(255),
    '127.0.0.1',
    "Address that the server listens on. Any other than this machine's own (127.0.0.1, ::1) needs server.token.",
  ),
  'server.port': setting(wholeNumber(0, 65_535), 4_310, 'Port that the server listens on. 0: any that is free.'),
  'server.allowedHosts': setting(
    z.array(
      z
        .string()
        .regex(/^[a-z\d.-]+$/)
        .describe('a host name in lower case, without port'),
    ),
    [],
    'Names, besides addresses and localhost, under which people reach the server; requests for others are refused.',
  ),
  'server.photoResponses': setting(
    wholeNumber(1, 100),
    64,
    'Photos that the server sends at once. Further requests wait for a while, then they are answered 503.',
  ),
  'server.photoIdleTimeoutMs': setting(
    wholeNumber(1_000, 600_000),
    30_000,
    'A client that takes nothing of its photo for this long is cut off, in milliseconds; a slow one is not.',
  ),
  'server.token': setting(token(), null, {
    description:
      'What people and programs show to the server for all that it does. null: whoever is on this machine may do all.',
    secret: 'whole',
    aliases: ['WINNOW_TOKEN'],
  }),
  'server.reviewerToken': setting(token(), null, {
    description: 'What those show who look and judge photos. null: nobody has only this role.',
    secret: 'whole',
  }),
  'server.viewerToken': setting(token(), null, {
    description: 'What those show who only look, such as Prometheus. null: nobody has only this role.',
    secret: 'whole',
  }),
} as const;

/** Long enough not to be guessed; what a header and a form can carry. */
function token(): z.ZodNullable<z.ZodString> {
  return z
    .string()
    .regex(/^[\w.~+/=-]{16,200}$/)
    .describe('16 to 200 letters, digits and . _ ~ + / = - (`openssl rand -hex 24` makes one)')
    .nullable();
}
