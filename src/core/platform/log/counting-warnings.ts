import type { Logger } from './logger.ts';

/**
 * Equal warnings about many photos become one, with the fields of the first and how many there are. It is logged when the work
 * ends. Each of them is logged for `log.level` debug.
 */
export async function countingWarnings<T>(log: Logger, work: (log: Logger) => Promise<T>): Promise<T> {
  const warnings = new Map<string, { readonly first: object; readonly text: string; count: number }>();
  const warn = (fields: object, text: string): void => {
    log.debug(fields, text);
    const key = JSON.stringify([text, 'model' in fields ? fields.model : null]);
    const known = warnings.get(key);
    if (known === undefined) warnings.set(key, { first: fields, text, count: 1 });
    else known.count += 1;
  };
  const counting: Logger = Object.create(log, { warn: { value: warn } });
  try {
    return await work(counting);
  } finally {
    for (const { first, text, count } of warnings.values()) log.warn(count === 1 ? first : { count, ...first }, text);
  }
}
