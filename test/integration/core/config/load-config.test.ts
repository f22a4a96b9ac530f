import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { describeConfig, loadConfig } from '../../../../src/core/config/load-config.ts';
import { layerFromYaml } from '../../../../src/core/config/setting-layers.ts';
import { SETTING_NAMES } from '../../../../src/core/config/settings.ts';
import { parseYaml } from '../../../../src/core/config/yaml.ts';
import { UsageError } from '../../../../src/core/kernel/errors.ts';
import { testFolder } from '../../../support/test-app.ts';

let root: string;

beforeEach(async () => {
  root = await testFolder();
  await mkdir(join(root, 'config'));
});

const write = async (name: string, text: string | Uint8Array): Promise<string> => {
  const path = join(root, name);
  await writeFile(path, text);
  return path;
};
const collection = layerFromYaml(parseYaml('settings: {fetch.connections: 5}', 'c.yaml'), ['settings']);

describe('loadConfig', () => {
  it('reads the bundled defaults from any working directory', async () => {
    const { config, origins, warnings } = await loadConfig({ env: {} });
    expect(config.fetch.maxBytes).toBe(52_428_800);
    expect(config.postgres.url).toBeNull();
    expect(origins.get('log.level')).toMatchObject({
      source: 'default',
      where: expect.stringContaining('default.yaml:'),
    });
    expect(warnings).toEqual([]);
  });

  it('reads config/local.yaml of the working directory, and only without one that of the package', async () => {
    await write('config/local.yaml', 'fetch.connections: 4\n');
    const elsewhere = await testFolder();
    const before = process.cwd();
    process.chdir(elsewhere);
    try {
      expect((await loadConfig({ root, env: {} })).config.fetch.connections).toBe(4);
      await mkdir(join(elsewhere, 'config'));
      await writeFile(join(elsewhere, 'config/local.yaml'), 'fetch.connections: 3\n');
      expect((await loadConfig({ root, env: {} })).config.fetch.connections).toBe(3);
    } finally {
      process.chdir(before);
    }
  });

  it('works without any settings file', async () => {
    const { config, origins } = await loadConfig({ root, env: {} });
    expect(config.fetch.connections).toBe(16);
    expect(origins.get('fetch.connections')).toEqual({ source: 'default', where: 'built in' });
    expect([...origins.keys()]).toEqual(SETTING_NAMES);
  });

  it('takes each setting from the place with the highest precedence and remembers that place', async () => {
    await write('config/default.yaml', 'fetch: {connections: 6}\n');
    const name = 'fetch.connections';
    const outcome = async (options: Parameters<typeof loadConfig>[0]): Promise<unknown[]> => {
      const { config, origins } = await loadConfig({ root, env: {}, ...options });
      return [config.fetch.connections, origins.get(name)?.source];
    };

    expect(await outcome({})).toEqual([6, 'default']);
    const weak = { collectionSettings: collection };
    expect(await outcome(weak)).toEqual([5, 'collection']);
    await write('config/local.yaml', 'fetch.connections: 4\n');
    expect(await outcome(weak)).toEqual([4, 'file']);
    const configFile = await write('other.yaml', 'fetch:\n  connections: 3\n');
    expect(await outcome({ ...weak, configFile })).toEqual([3, 'file']);
    const env = { WINNOW_FETCH_CONNECTIONS: '2' };
    expect(await outcome({ ...weak, configFile, env })).toEqual([2, 'environment']);
    expect(await outcome({ ...weak, configFile, env, argvSettings: [[name, '1']] })).toEqual([1, 'flag']);
  });

  it('reads the file of --config instead of config/local.yaml, not in addition', async () => {
    await write('config/local.yaml', 'log.level: debug\n');
    const configFile = await write('other.yaml', '# empty\n');
    const { config } = await loadConfig({ root, env: {}, configFile });
    expect(config.log.level).toBe('info');
  });

  it('lets null win over a number of lower precedence', async () => {
    await write('config/local.yaml', 'crawl.limitPerClass: 10\n');
    const { config } = await loadConfig({ root, env: {}, argvSettings: [['crawl.limitPerClass', 'null']] });
    expect(config.crawl.limitPerClass).toBeNull();
  });

  it('counts an empty environment variable as unset', async () => {
    const { config, origins } = await loadConfig({ root, env: { WINNOW_LOG_LEVEL: '', DATABASE_URL: ' ' } });
    expect(config.log.level).toBe('info');
    expect(origins.get('postgres.url')?.source).toBe('default');
  });

  it('returns a deeply frozen config', async () => {
    const { config } = await loadConfig({ root, env: {} });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.fetch)).toBe(true);
    expect(() => Object.assign(config.fetch, { maxBytes: 1 })).toThrow(TypeError);
  });

  it('ignores a wrong value if another place wins over it', async () => {
    const { config } = await loadConfig({
      root,
      env: { WINNOW_LOG_LEVEL: 'loud' },
      argvSettings: [['log.level', 'warn']],
    });
    expect(config.log.level).toBe('warn');
  });

  it.each([
    [
      'a wrong value',
      'fetch:\n  maxBytes: many\n',
      /a whole number from 1 to 2147483647 for 'fetch\.maxBytes' in .*local\.yaml:2 but received 'many'/,
    ],
    ['no value', 'fetch:\n  maxBytes:\n', /for 'fetch\.maxBytes' in .*local\.yaml:2 but received null/],
    [
      'an unknown name',
      'fetch:\n\n  maxByte: 1\n',
      /'fetch\.maxByte' in .*local\.yaml:3\. Did you mean 'fetch\.maxBytes'/,
    ],
    ['a key given twice', 'log: {level: info}\nlog: {level: warn}\n', /local\.yaml:2: .*unique/],
    ['a tab', 'log:\n\tlevel: info\n', /local\.yaml:2: .*[Tt]abs/],
    ['a list', '- log.level\n', /local\.yaml:1: .*not a list/],
    [
      'bytes that are not UTF-8',
      new Uint8Array([0x6c, 0xff, 0xfe]),
      /Cannot read a settings file at .*local\.yaml: expected UTF-8 text/,
    ],
  ])('refuses config/local.yaml with %s', async (_, text, message) => {
    await write('config/local.yaml', text);
    const loading = loadConfig({ root, env: {} });
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toBeInstanceOf(UsageError);
  });

  it('refuses a --config file that is absent, a folder or a device', async () => {
    for (const configFile of [join(root, 'none.yaml'), root, '/dev/null']) {
      await expect(loadConfig({ root, env: {}, configFile })).rejects.toThrow(/Cannot read the file of --config at/);
    }
  });
});

describe('describeConfig', () => {
  it('lists every setting with its value and origin and hides passwords', async () => {
    const env = {
      DATABASE_URL: 'postgres://user:hunter2@h/d',
      WINNOW_FILTER_BATCH_PHOTOS: '4',
      WINNOW_MODELS_MIRRORS: 'https://ann:hunter2@mirror.example/models',
      WINNOW_SOURCES_FLICKR_URL: 'https://ann:hunter2@flickr.example/rest',
      WINNOW_CRAWL_CONTACT: 'ann@lab.example',
      WINNOW_SERVER_PEOPLE: '{ann: {role: reviewer, token: hunter2-hunter2-hunter2}}',
    };
    const loaded = await loadConfig({ root, env, argvSettings: [['filter.threads', '2', '--threads']] });
    const rows = describeConfig(loaded);
    expect(rows.map((row) => row.name)).toEqual(SETTING_NAMES);
    const rowOf = (name: string) => rows.find((row) => row.name === name);
    expect(rowOf('postgres.url')).toMatchObject({
      value: 'postgres://user:***@h/d',
      origin: 'environment DATABASE_URL',
    });
    expect(rowOf('models.mirrors')).toMatchObject({ value: ['https://ann:***@mirror.example/models'] });
    expect(rowOf('crawl.contact')).toMatchObject({ value: 'ann@lab.example' });
    expect(rowOf('filter.batchPhotos')).toMatchObject({ value: 4, origin: 'environment WINNOW_FILTER_BATCH_PHOTOS' });
    expect(rowOf('filter.threads')).toMatchObject({ value: 2, origin: 'flag --threads' });
    expect(rowOf('server.people')).toMatchObject({ value: { ann: { role: 'reviewer', token: '***' } } });
    expect(rowOf('log.level')).toMatchObject({ value: 'info', origin: 'default' });
    expect(JSON.stringify(rows)).not.toContain('hunter2');
  });
});
