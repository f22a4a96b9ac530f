/** How a test run is sized, and repeated, from outside. */
export function numberFrom(variable: string, byDefault: number): number {
  // oxlint-disable-next-line node/no-process-env -- not a setting of the product's
  const text = process.env[variable];
  return text === undefined ? byDefault : Number(text);
}

/** Moments at which a command is killed that are tried unless WINNOW_TEST_KILLS asks for more. */
const USUAL_KILLS = 2;

/** Some of the moments at which a test kills a command, spread over the list: as many as WINNOW_TEST_KILLS says. */
export function momentsOf<Moment>(moments: readonly Moment[]): Moment[] {
  const share = numberFrom('WINNOW_TEST_KILLS', USUAL_KILLS) / moments.length;
  return moments.filter((_, i) => Math.floor(i * share) !== Math.floor((i - 1) * share));
}

/** Names by comma; nothing by default. */
export function namesFrom(variable: string): readonly string[] | undefined {
  // oxlint-disable-next-line node/no-process-env -- not a setting of the product's
  return process.env[variable]?.split(',');
}

export function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`;
}
