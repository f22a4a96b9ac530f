import { describe, expect, it } from 'vitest';
import { environmentName, readEnvironment } from '../../../../src/core/config/env.ts';
import { SETTING_NAMES, settingOf } from '../../../../src/core/config/settings.ts';

it('environmentName gives no two settings the same name, aliases included', () => {
  const variables = SETTING_NAMES.flatMap((name) => [environmentName(name), ...(settingOf(name).aliases ?? [])]);
  expect(new Set(variables).size).toBe(variables.length);
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
