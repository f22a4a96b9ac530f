import type { Heatmap } from '../desk/desk.ts';

export type HeatmapValues = Omit<Heatmap, 'box'>;

export interface LogitLayer {
  readonly weight: Float32Array;
  readonly bias: number;
}

/** A logit may differ by this much from what its class activation comes to; of a logit above 1, by this share. */
const TOLERANCE = 1e-3;

/**
 * Class activation: how much each place of a feature map adds to a logit. It is exact for a model that gives the
 * averages of its feature map to a linear layer: the mean of the values plus the bias is the logit. Zhou et al.,
 * Learning Deep Features for Discriminative Localization (2016), section 2.
 * @param featureMap `[features, rows, columns]`, as many rows as columns
 * @returns null if the values do not come to the logit
 */
export function classActivation(
  featureMap: Float32Array,
  { weight, bias }: LogitLayer,
  logit: number,
): HeatmapValues | null {
  const places = featureMap.length / weight.length;
  const side = Math.sqrt(places);
  if (!Number.isInteger(side)) return null;
  const values = Array.from({ length: places }, () => 0);
  for (const [feature, factor] of weight.entries()) {
    const from = feature * places;
    for (let place = 0; place < places; place += 1)
      values[place] = (values[place] ?? 0) + factor * (featureMap[from + place] ?? 0);
  }
  const sum = values.reduce((total, value) => total + value, 0);
  const isExact = Math.abs(sum / places + bias - logit) <= TOLERANCE * Math.max(1, Math.abs(logit));
  return isExact ? { kind: 'class-activation', rows: side, columns: side, values, bias, logit } : null;
}

/**
 * Occlusion: how far a logit falls if each part of a square grid is hidden, row by row. Zeiler and Fergus, Visualizing
 * and Understanding Convolutional Networks (2014), section 4.2.
 */
export function occlusion(logit: number, hidden: readonly number[]): HeatmapValues {
  const side = Math.sqrt(hidden.length);
  return { kind: 'occlusion', rows: side, columns: side, values: hidden.map((each) => logit - each), bias: 0, logit };
}
