const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

export const SINCE_RULE = 'a time ago (90m, 24h, 7d), or a date or time (2026-11-20, 2026-11-20T08:00Z)';

/** Parses a time: an age before now, or a date or time (UTC unless it has a zone). Returns null if it is neither. */
export function sinceOf(text: string, nowMs: number): Date | null {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text.trim()) ?? [];
  if (count !== undefined) return new Date(nowMs - Number(count) * (UNIT_MS[unit] ?? 0));
  const [, day = '', time = 'T00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:([T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text.trim()) ?? [];
  return isDay(day) ? validTime(`${day}${time.replace(' ', 'T')}${zone}`) : null;
}

/** Dates such as 2026-02-30 would become others. */
function isDay(day: string): boolean {
  return validTime(`${day}T00:00Z`)?.toISOString().startsWith(day) === true;
}

function validTime(text: string): Date | null {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? null : at;
}
