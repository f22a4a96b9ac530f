interface Kind {
  readonly expected: string;
  readonly fits: (value: number) => boolean;
}

/** The values that what-if tries, of the command and of the page. */
export const WHAT_IF_VALUES = {
  threshold: { expected: 'a number above 0 and below 1', fits: (value) => value > 0 && value < 1 },
  minConfidence: { expected: 'a number from 0 to 1', fits: (value) => value <= 1 },
  cap: { expected: 'a whole number from 1', fits: (value) => Number.isSafeInteger(value) && value >= 1 },
} as const satisfies Readonly<Record<string, Kind>>;

/** Undefined for a text that is no such value. */
export function whatIfValue(name: keyof typeof WHAT_IF_VALUES, text: string): number | undefined {
  const value = Number(text);
  return /^\d*\.?\d+(e-?\d+)?$/i.test(text) && WHAT_IF_VALUES[name].fits(value) ? value : undefined;
}
