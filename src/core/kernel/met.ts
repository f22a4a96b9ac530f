/** Verdicts that met those of others which their author had not seen. An unsure one neither agrees nor differs. */
export interface Met {
  readonly agreeing: number;
  readonly differing: number;
  /** Those others. */
  readonly reviewers: readonly string[];
}

export function metTogether(met: readonly Met[]): Met {
  return {
    agreeing: met.reduce((sum, { agreeing }) => sum + agreeing, 0),
    differing: met.reduce((sum, { differing }) => sum + differing, 0),
    reviewers: [...new Set(met.flatMap(({ reviewers }) => reviewers))].toSorted(),
  };
}
