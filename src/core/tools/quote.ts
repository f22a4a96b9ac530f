/** Characters. */
const MAX_QUOTED = 120;

/** Quotes a value for a message: strings in single quotes, other values as JSON. Escapes control characters, shortens long values. */
export function quote(value: unknown): string {
  if (value === undefined) return 'nothing';
  const json = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
  const text = typeof value === 'string' ? `'${json.slice(1, -1).replaceAll(String.raw`\"`, '"')}'` : json;
  return text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}… (${text.length} characters)`;
}

/** Which part of a setting's value must never be shown: the whole value, all text that is not the `role` of a mapping, or the passwords in a URL. */
export type Secret = 'whole' | 'all-but-roles' | 'url-passwords';

/** Replaces the secret parts of a string by `***`. In a malformed URL it hides too much rather than too little. */
export function hideSecret(text: string, secret: Secret): string {
  if (secret !== 'url-passwords') return '***';
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text.replace(/^.*@/s, '***@').replace(PASSWORD_PARAMETER, '$1***');
  return text.replace(/(:\/\/[^:@/]*:).*(?=@)/s, '$1***').replace(PASSWORD_PARAMETER, '$1***');
}

/** A setting's value without its secrets. Hides passwords in URLs even if the setting is not declared secret. */
export function shownValue(value: unknown, secret: Secret | undefined): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => shownValue(one, secret));
  if (typeof value === 'object' && value !== null) {
    const isShown = (key: string): boolean => secret === 'all-but-roles' && key === 'role';
    const entries = Object.entries(value).map(([key, one]) => [key, isShown(key) ? one : shownValue(one, secret)]);
    return Object.fromEntries(entries);
  }
  if (typeof value === 'string') {
    if (secret !== undefined) return hideSecret(value, secret);
    return value.includes('://') ? hideSecret(value, 'url-passwords') : value;
  }
  return value;
}

/** Matches `?password=`, which libpq accepts, and the `password=` of a key-value connection string. */
const PASSWORD_PARAMETER = /((?:pass|password|sslpassword)=)[^&#\s]*/gi;
