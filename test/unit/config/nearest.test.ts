import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from '../../../src/config/nearest.ts';

describe('nearest', () => {
  const names = ['fetch.maxBytes', 'fetch.maxPixels', 'log.level'];

  it('finds the name with the fewest edits', () => {
    expect(nearest('fetch.maxByte', names)).toBe('fetch.maxBytes');
    expect(nearest('fetch.maxPixel', names)).toBe('fetch.maxPixels');
  });

  it('does not mind the case of letters and answers with the proper one', () => {
    expect(nearest('FETCH.MAXBYTES', names)).toBe('fetch.maxBytes');
  });

  it('says nothing rather than something far-fetched', () => {
    expect(nearest('server.port', names)).toBeUndefined();
    expect(nearest('cafe', ['cab'])).toBeUndefined();
  });

  it('copes with nothing to choose from and with nothing to look for', () => {
    expect(nearest('x', [])).toBeUndefined();
    expect(nearest('', names)).toBeUndefined();
  });

  it('does not search for a text that is no typing slip', () => {
    expect(nearest('fetch.maxBytes'.repeat(100_000), names)).toBeUndefined();
  });

  it('makes no advice of the very word that was given', () => {
    expect(didYouMean('log.level', names)).toBe('');
    expect(didYouMean('log.levl', names)).toBe(" Did you mean 'log.level'?");
  });
});
