import { describe, expect, it } from 'vitest';
import { environmentName, readEnvironment } from '../../../src/config/env.ts';
import { SETTING_NAMES, settingOf } from '../../../src/config/settings.ts';

describe('environmentName', () => {
  it.each([
    ['postgres.url', 'WINNOW_POSTGRES_URL'],
    ['fetch.maxBytes', 'WINNOW_FETCH_MAX_BYTES'],
    ['sources.flickr.apiKey', 'WINNOW_SOURCES_FLICKR_API_KEY'],
    ['fetch.requestsPerMinutePerHost', 'WINNOW_FETCH_REQUESTS_PER_MINUTE_PER_HOST'],
  ])('names %s %s', (name, variable) => {
    expect(environmentName(name)).toBe(variable);
  });

  it('gives no two settings the same name, aliases included', () => {
    const variables = SETTING_NAMES.flatMap((name) => [environmentName(name), ...(settingOf(name).aliases ?? [])]);
    expect(new Set(variables).size).toBe(variables.length);
  });
});

describe('readEnvironment', () => {
  it('counts empty and blank variables as unset', () => {
    expect(readEnvironment({ A: '', B: '  ', C: 'c', D: undefined })).toEqual({ C: 'c' });
  });

  it('returns a frozen snapshot', () => {
    const variables: NodeJS.ProcessEnv = { A: '1' };
    const snapshot = readEnvironment(variables);
    variables['A'] = '2';
    expect(snapshot['A']).toBe('1');
    expect(Object.isFrozen(snapshot)).toBe(true);
  });
});
