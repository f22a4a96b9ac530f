import { codeOf, messageOf, RetryLater, StopTheRun } from '../../kernel/errors.ts';

export const TROUBLE = 's3-trouble';

/** Names of S3 errors: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const ABSENT = new Set(['NoSuchKey', 'NotFound']);

export function isAbsent(error: unknown): boolean {
  return ABSENT.has(nameOf(error)) || (statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket');
}

/** Errors that stop a run: how to recognise them, and what to report. */
const STOPPING = [
  {
    code: 's3-no-bucket',
    names: ['NoSuchBucket'],
    statuses: [],
    expected: (at: string) => `the bucket of ${at}`,
    advice: 'make it, or name another one',
  },
  {
    code: 's3-denied',
    names: [
      'AccessDenied',
      'AccountProblem',
      'AllAccessDisabled',
      'CredentialsProviderError',
      'ExpiredToken',
      'ExpiredTokenException',
      'Forbidden',
      'InvalidAccessKeyId',
      'InvalidToken',
      'SignatureDoesNotMatch',
      'TokenRefreshRequired',
      'UnrecognizedClientException',
    ],
    statuses: [401, 403],
    expected: (at: string) => `to be let into ${at}`,
    advice: 'check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the AWS profile) and what they may do',
  },
  {
    code: 's3-region',
    names: ['AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', 'PermanentRedirect'],
    statuses: [301],
    expected: (at: string) => `the region of ${at}`,
    advice: 'set blobs.region (or AWS_REGION)',
  },
  {
    code: 'disk-full',
    names: ['QuotaExceeded', 'ServiceQuotaExceededException', 'XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded'],
    statuses: [507],
    expected: (at: string) => `room in ${at}`,
    advice: 'make room and run the command again, nothing is lost',
  },
];
/** Request Timeout and Too Many Requests, and the conflict with another write. */
const PASSING = new Set([408, 409, 429]);
/** The SDK has no name for this error. */
const NO_REGION = /Region is missing/;

/** `at`: the bucket and its service, for people. */
export function s3Failure(error: unknown, at: string): Error {
  const name = NO_REGION.test(messageOf(error)) ? 'PermanentRedirect' : nameOf(error);
  const status = statusOf(error) ?? 0;
  const said = `received '${nameOf(error) === '' ? '' : `${nameOf(error)}: `}${messageOf(error)}'`;
  const stopping = STOPPING.find(({ names, statuses }) => names.includes(name) || statuses.includes(status));
  if (stopping !== undefined) {
    const { code, expected, advice } = stopping;
    return new StopTheRun(`Expected ${expected(at)} but ${said}; ${advice}`, { code, cause: error });
  }
  // The service would refuse a bad request again. Errors within the service or the network may be temporary.
  if (status >= 400 && status < 500 && !PASSING.has(status))
    return new StopTheRun(`Expected ${at} to do as asked but ${said} (HTTP ${status})`, {
      code: 's3-refused',
      cause: error,
    });
  return new RetryLater(`Expected ${at} within reach but ${said}`, { code: TROUBLE, cause: error });
}

function nameOf(error: unknown): string {
  const code = codeOf(error);
  if (code !== undefined) return code;
  const name = error instanceof Error ? error.name : '';
  return name === 'Error' ? '' : name;
}

function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return null;
  const { $metadata } = error;
  if (typeof $metadata !== 'object' || $metadata === null || !('httpStatusCode' in $metadata)) return null;
  return typeof $metadata.httpStatusCode === 'number' ? $metadata.httpStatusCode : null;
}
