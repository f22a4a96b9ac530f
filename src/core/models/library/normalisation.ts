import type { Normalisation } from '../../collection/cards/model-card.ts';
import { quote } from '../../tools/quote.ts';
import { UsageError } from '../../kernel/errors.ts';

const BY_NAME: Readonly<Record<string, Normalisation>> = {
  imagenet: { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] },
  'minus-one-to-one': { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
  'zero-to-one': { mean: [0, 0, 0], std: [255, 255, 255] },
  none: { mean: [0, 0, 0], std: [1, 1, 1] },
};

export const NORMALISATIONS =
  'imagenet (torchvision: mean 0.485, 0.456, 0.406 and deviation 0.229, 0.224, 0.225 of 0..1), minus-one-to-one, zero-to-one, ' +
  'none (0..255), or MEAN/DEVIATION of R,G,B in units of 0..255, e.g. 127,127,127/128,128,128';

/** @throws UsageError `normalise` */
export function parseNormalisation(text: string): Normalisation {
  const named = Object.hasOwn(BY_NAME, text) ? BY_NAME[text] : undefined;
  if (named !== undefined) return named;
  const [mean, std, ...more] = text.split('/').map(triple);
  if (mean && std && more.length === 0 && std.every((value) => value > 0)) return { mean, std };
  throw new UsageError(`Expected ${NORMALISATIONS} for --normalise but received ${quote(text)}`, { code: 'normalise' });
}

function triple(text: string): [number, number, number] | null {
  const [red, green, blue, ...more] = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (red === undefined || green === undefined || blue === undefined || more.length > 0) return null;
  return [red, green, blue].every(Number.isFinite) ? [red, green, blue] : null;
}
