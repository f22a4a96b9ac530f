import * as z from 'zod';
import { httpUrl, setting } from './setting.ts';

export const SERVICE_SETTINGS = {
  'postgres.url': setting(postgresUrl().nullable(), null, {
    description:
      'URL of the PostgreSQL server (14 or newer) to use. null: winnow runs its own server in the data folder.',
    secret: 'url-passwords',
    aliases: ['DATABASE_URL'],
  }),
  'queue.redisUrl': setting(redisUrl().nullable(), null, {
    description:
      'URL of the Redis server (6.2 or newer) that holds the job queues. null: PostgreSQL holds them, beside the catalogue.',
    secret: 'url-passwords',
    aliases: ['REDIS_URL'],
  }),
  'blobs.url': setting(blobsUrl().nullable(), null, {
    description: "Where the photos' bytes are stored: s3://BUCKET/PREFIX. null: blobs/ in the data folder.",
    secret: 'url-passwords',
  }),
  'blobs.endpoint': setting(httpUrl().nullable(), null, {
    description: 'Address of the S3 service of blobs.url, if it is not Amazon: http://127.0.0.1:9000 for MinIO.',
    secret: 'url-passwords',
    aliases: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
  }),
  'blobs.region': setting(z.string().min(1).nullable(), null, {
    description: 'Region of the bucket. null: the region of the AWS profile, or us-east-1 if blobs.endpoint is set.',
    aliases: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
  }),
  'blobs.pathStyle': setting(
    z.boolean().nullable(),
    null,
    'Whether the bucket is named in the path (HOST/BUCKET) instead of the host (BUCKET.HOST). null: only if blobs.endpoint is set.',
  ),
  'blobs.retain': setting(
    z.enum(['all', 'kept']),
    'all',
    'Photos whose bytes stay in the store. kept: while the filter runs, it deletes the bytes of photos that every collection has ' +
      'dropped. Their rows stay. `winnow prune` does the same on request.',
  ),
} as const;

function redisUrl(): z.ZodType<string> {
  return z
    .url({ protocol: /^rediss?$/ })
    .refine((text) => {
      const url = URL.parse(text);
      return url !== null && url.hostname !== '' && /^\/?\d*$/.test(url.pathname);
    })
    .describe(
      "a URL like redis://user:password@host:6379/0 (rediss: over TLS; write '@', '#', '/' in a password as %40, %23, %2F)",
    );
}

function blobsUrl(): z.ZodType<string> {
  return z
    .string()
    .trim()
    .regex(/^s3:\/\/[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9](\/[^?#\\]*)?$/)
    .describe('a URL like s3://bucket/prefix (keys go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)');
}

function postgresUrl(): z.ZodType<string> {
  return z
    .url({ protocol: /^postgres(ql)?$/ })
    .regex(/^[^:]+:\/\//)
    .describe(
      "a URL like postgres://user:password@host:5432/database (write '@', '#', '/' in a password as %40, %23, %2F)",
    );
}
