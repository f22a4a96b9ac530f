/** Longer values are cut in messages, in characters. */
const MAX_QUOTED = 120;

/** A value as a message quotes it: texts in single quotes, all else as JSON, control characters escaped, cut when long. */
export function quote(value: unknown): string {
  if (value === undefined) return 'nothing';
  const json = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
  const text = typeof value === 'string' ? `'${json.slice(1, -1).replaceAll(String.raw`\"`, '"')}'` : json;
  return text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}… (${text.length} characters)`;
}

/** What of a setting's value must never be shown: all of it, or the passwords inside a URL. */
export type Secret = 'whole' | 'url-passwords';

/** A text with its secret parts replaced by `***`. Works on malformed URLs too, then hiding rather more than less. */
export function hideSecret(text: string, secret: Secret): string {
  if (secret === 'whole') return '***';
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text.replace(/^.*@/s, '***@').replace(PASSWORD_PARAMETER, '$1***');
  return text.replace(/(:\/\/[^:@/]*:).*(?=@)/s, '$1***').replace(PASSWORD_PARAMETER, '$1***');
}

/** A setting's value as it may be shown: passwords in URLs are hidden in any of them, all of a secret one. */
export function shownValue(value: unknown, secret: Secret | undefined): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => shownValue(one, secret));
  if (typeof value === 'string') {
    if (secret !== undefined) return hideSecret(value, secret);
    return value.includes('://') ? hideSecret(value, 'url-passwords') : value;
  }
  return value;
}

/** libpq takes `?password=` as well; `password=` also catches a key-value connection string. */
const PASSWORD_PARAMETER = /((?:pass|password|sslpassword)=)[^&#\s]*/gi;
