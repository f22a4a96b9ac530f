import { oneLine } from '../../kernel/printable.ts';
import type { ActivityDetail } from '../../kernel/activity.ts';

/** Returns the detail of an activity as one line: `stages fetch, filter; endWorkers`. */
export function detailText(detail: ActivityDetail): string {
  return Object.entries(detail)
    .flatMap(([name, value]) => {
      const text = valueText(value);
      if (value === true) return [name];
      return value === false || text === '' ? [] : [`${name} ${text}`];
    })
    .join('; ');
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  return oneLine(typeof value === 'string' ? value : JSON.stringify(value));
}
