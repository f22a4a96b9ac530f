import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultYaml } from '../../../../src/core/config/default-yaml.ts';
import { environmentName } from '../../../../src/core/config/env.ts';
import { packageRoot } from '../../../../src/core/config/root.ts';
import { layerFromYaml } from '../../../../src/core/config/setting-layers.ts';
import { SETTING_NAMES, settingOf } from '../../../../src/core/config/settings.ts';
import { parseYaml } from '../../../../src/core/config/yaml.ts';

const path = join(packageRoot, 'config/default.yaml');

describe('config/default.yaml', () => {
  it('holds every setting exactly once, with the default of the table', async () => {
    const layer = layerFromYaml(parseYaml(await readFile(path, 'utf8'), 'config/default.yaml'));
    const given = [...layer].map(([name, { value }]) => [name, value]);
    expect(given).toEqual(SETTING_NAMES.map((name) => [name, settingOf(name).fallback]));
  });

  it('has a comment with the environment name above every setting', async () => {
    const lines = (await readFile(path, 'utf8')).split('\n');
    const layer = layerFromYaml(parseYaml(lines.join('\n'), 'config/default.yaml'));
    const uncommented = [...layer].filter(([name, { where }]) => {
      const above = lines.slice(0, Number(where.split(':').at(-1)) - 1);
      const start = above.findLastIndex((line) => !/^\s+# /.test(line)) + 1;
      return !above.slice(start).join(' ').includes(environmentName(name));
    });
    expect(uncommented).toEqual([]);
  });

  // To update the file, run: npm run test:integration -- default-yaml -u
  it('is up to date with the table of settings', async () => {
    await expect(defaultYaml()).toMatchFileSnapshot(path);
  });
});
