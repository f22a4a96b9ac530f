import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from '../../../../src/core/tools/nearest.ts';

describe('nearest', () => {
  const names = ['fetch.maxBytes', 'fetch.maxPixels', 'log.level'];

  it('finds the name with the fewest edits', () => {
    expect(nearest('fetch.maxByte', names)).toBe('fetch.maxBytes');
    expect(nearest('fetch.maxPixel', names)).toBe('fetch.maxPixels');
  });

  it('finds a short word with two swapped letters', () => {
    expect(nearest('brids', ['demo', 'birds'])).toBe('birds');
  });

  it('suggests a name that begins with the word, if none is near', () => {
    expect(didYouMean('resnet50', ['mobilenetv2-12', 'resnet50-structure', 'resnet50-v1-12'])).toBe(
      " Did you mean 'resnet50-v1-12'?",
    );
    expect(didYouMean('re', ['resnet50-v1-12'])).toBe('');
  });

  it('ignores case and returns the candidate as it is written', () => {
    expect(nearest('FETCH.MAXBYTES', names)).toBe('fetch.maxBytes');
  });

  it('finds nothing if no candidate is near', () => {
    expect(nearest('server.port', names)).toBeUndefined();
    expect(nearest('cafe', ['cab'])).toBeUndefined();
  });

  it('does not search for a text that is too long to be a typing error', () => {
    expect(nearest('fetch.maxBytes'.repeat(100_000), names)).toBeUndefined();
  });

  it('does not suggest the word that was given', () => {
    expect(didYouMean('log.level', names)).toBe('');
    expect(didYouMean('log.levl', names)).toBe(" Did you mean 'log.level'?");
  });

  it('suggests the shortest candidate that begins with the word, in any case', () => {
    expect(didYouMean('cc-by', ['CC-BY-SA-4.0', 'CC-BY-4.0'])).toBe(" Did you mean 'CC-BY-4.0'?");
  });
});
