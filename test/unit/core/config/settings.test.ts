import { describe, expect, expectTypeOf, it } from 'vitest';
import { SETTING_NAMES, settingOf } from '../../../../src/core/config/settings.ts';
import type { Config } from '../../../../src/core/config/settings.ts';

describe('the table of settings', () => {
  it.each(SETTING_NAMES)('has a default for %s that its own schema accepts', (name) => {
    const { schema, fallback } = settingOf(name);
    expect(schema.safeParse(fallback)).toEqual({ success: true, data: fallback });
  });

  it.each(SETTING_NAMES)('describes %s in whole sentences', (name) => {
    expect(settingOf(name).description).toMatch(/^[A-Z].*\.$/);
  });

  it('has no setting that is also the group of another', () => {
    for (const name of SETTING_NAMES) {
      expect(SETTING_NAMES.filter((other) => other.startsWith(`${name}.`))).toEqual([]);
    }
  });

  it('gives every setting its type', () => {
    expectTypeOf<Config['fetch']['maxBytes']>().toEqualTypeOf<number>();
    expectTypeOf<Config['postgres']['url']>().toEqualTypeOf<string | null>();
    expectTypeOf<Config['filter']['evaluate']>().toEqualTypeOf<'needed' | 'all'>();
  });
});
