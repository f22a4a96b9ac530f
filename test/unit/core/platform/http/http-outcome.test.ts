import { describe, expect, it } from 'vitest';
import { DROPPED_REASONS, FAILED_REASONS } from '../../../../../src/core/kernel/reasons.ts';
import {
  problemOf,
  reasonOfStatus,
  refusedBy,
  type Phase,
  Refused,
} from '../../../../../src/core/platform/http/http-outcome.ts';

it.each([
  [200, null],
  [203, null],
  [206, 'short-body'],
  [302, 'http-4xx'],
  [304, 'http-4xx'],
  [400, 'http-4xx'],
  [403, 'http-4xx'],
  [404, 'http-404'],
  [410, 'http-404'],
  [429, 'rate-limited'],
  [451, 'http-4xx'],
  [500, 'http-5xx'],
  [503, 'http-5xx'],
  [599, 'http-5xx'],
  [999, 'http-4xx'],
])('reasonOfStatus calls %d %s', (status, reason) => {
  expect(reasonOfStatus(status)).toBe(reason);
});

describe('refusedBy', () => {
  const reasonOf = (error: unknown, phase: Phase = 'before-headers'): string | null => {
    const refused = refusedBy(error, phase);
    return refused instanceof Refused ? refused.refusal.reason : null;
  };
  const failing = (code: string, message = 'failed'): Error => Object.assign(new Error(message), { code });

  it.each([
    ['ECONNREFUSED', 'connect'],
    ['EHOSTUNREACH', 'connect'],
    ['ETIMEDOUT', 'connect'],
    ['ECONNRESET', 'reset'],
    ['EPIPE', 'reset'],
    ['HPE_INVALID_CONSTANT', 'reset'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
    ['CERT_HAS_EXPIRED', 'tls'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
    ['EPROTO', 'tls'],
  ])('calls %s before the headers %s', (code, reason) => {
    expect(reasonOf(failing(code))).toBe(reason);
  });

  it.each([
    ['Z_DATA_ERROR', 'unreadable'],
    ['ERR__ERROR_FORMAT_PADDING_2', 'unreadable'],
    ['Z_BUF_ERROR', 'short-body'],
    ['ETIMEDOUT', 'reset'],
  ])('calls %s in the body %s', (code, reason) => {
    expect(reasonOf(failing(code), 'in-body')).toBe(reason);
  });

  it('finds the cause inside wrapping errors of libraries', () => {
    const wrapped = new Error('outer', { cause: new Error('middle', { cause: failing('CERT_HAS_EXPIRED') }) });
    expect(reasonOf(wrapped)).toBe('tls');
  });

  it('passes a refusal through', () => {
    const refused = new Refused({ reason: 'address-refused', detail: 'loopback' });
    expect(refusedBy(new Error('outer', { cause: refused }), 'in-body')).toBe(refused);
  });

  it('returns programming errors unchanged', () => {
    const defect = new TypeError('undefined is not a function');
    expect(refusedBy(defect, 'in-body')).toBe(defect);
  });

  it('reports what happened, with the code', () => {
    expect(refusedBy(failing('ECONNRESET', 'read ECONNRESET'), 'in-body').message).toBe('read ECONNRESET');
    expect(refusedBy(failing('EPROTO', 'handshake failed'), 'in-body').message).toBe('handshake failed (EPROTO)');
  });
});

it('a photo that a rule refused is dropped, and one that could not be fetched has failed', () => {
  const stateOf = (reason: Parameters<typeof problemOf>[0]['reason']) => problemOf({ reason, detail: 'why' }).state;
  expect(new Set(DROPPED_REASONS.map(stateOf))).toEqual(new Set(['dropped']));
  expect(new Set(FAILED_REASONS.map(stateOf))).toEqual(new Set(['failed']));
});
