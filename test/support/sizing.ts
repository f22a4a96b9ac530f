/** How a test run is sized, and repeated, from outside. */
export function numberFrom(variable: string, byDefault: number): number {
  // oxlint-disable-next-line node/no-process-env -- not a setting of the product's
  const text = process.env[variable];
  return text === undefined ? byDefault : Number(text);
}

/** Names by comma; nothing by default. */
export function namesFrom(variable: string): readonly string[] | undefined {
  // oxlint-disable-next-line node/no-process-env -- not a setting of the product's
  return process.env[variable]?.split(',');
}

export function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`;
}
