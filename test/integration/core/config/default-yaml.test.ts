import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Document } from 'yaml';
import { environmentName } from '../../../../src/core/config/env.ts';
import { packageRoot } from '../../../../src/core/config/root.ts';
import { layerFromYaml } from '../../../../src/core/config/setting-layers.ts';
import { expectedOf } from '../../../../src/core/config/schema-problems.ts';
import { SETTING_NAMES, settingOf, type SettingName } from '../../../../src/core/config/settings.ts';
import { parseYaml } from '../../../../src/core/config/yaml.ts';

const path = join(packageRoot, 'config/default.yaml');

describe('config/default.yaml', () => {
  it('holds every setting exactly once, with the default of the table', async () => {
    const layer = layerFromYaml(parseYaml(await readFile(path, 'utf8'), 'config/default.yaml'));
    const given = [...layer].map(([name, { value }]) => [name, value]);
    expect(given).toEqual(SETTING_NAMES.map((name) => [name, settingOf(name).fallback]));
  });

  // To update the file, run: npm run test:integration -- default-yaml -u
  it('is up to date with the table of settings', async () => {
    await expect(defaultYaml()).toMatchFileSnapshot(path);
  });
});

const HEADER = `All settings with their defaults. This file is generated from src/core/config/settings.ts. Put your own values into
config/local.yaml of the folder in which you start winnow.

If several places give a value, the first of this list wins: flags and --set a.b.c=value; environment variables (the names in
brackets); --config FILE, or else config/local.yaml; the collection's settings; this file. \`winnow config\` shows each value and
where it comes from.`;

function defaultYaml(): string {
  const document = new Document({});
  document.commentBefore = HEADER;
  for (const name of SETTING_NAMES) {
    const keys = name.split('.');
    const key = document.createNode(keys.pop());
    key.commentBefore = wrap(commentOf(name));
    document.addIn(keys, document.createPair(key, settingOf(name).fallback));
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false, commentString: asComment });
}

function asComment(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '# ');
}

function commentOf(name: SettingName): string {
  const { description, schema, aliases = [] } = settingOf(name);
  return `${description} Takes ${expectedOf(schema)}. [${[environmentName(name), ...aliases].join(', ')}]`;
}

function wrap(text: string): string {
  return text.replaceAll(/(.{1,110})(?: |$)/g, '$1\n').trimEnd();
}
