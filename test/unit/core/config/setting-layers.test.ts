import { describe, expect, it } from 'vitest';
import {
  checkSetting,
  layerFromArguments,
  layerFromEnvironment,
  layerFromYaml,
} from '../../../../src/core/config/setting-layers.ts';
import { parseYaml } from '../../../../src/core/config/yaml.ts';

const yamlLayer = (text: string, top: string[] = []) => layerFromYaml(parseYaml(text, 'local.yaml'), top);

const readVariables = (environment: Record<string, string>) => {
  const warnings: string[] = [];
  return { layer: layerFromEnvironment(environment, (message) => warnings.push(message)), warnings };
};

describe('layerFromYaml', () => {
  it('reads nested and dotted names alike', () => {
    const layer = yamlLayer('fetch:\n  maxBytes: 1\nlog.level: debug\n');
    expect(layer.get('fetch.maxBytes')).toEqual({ value: 1, where: 'local.yaml:2' });
    expect(layer.get('log.level')).toEqual({ value: 'debug', where: 'local.yaml:3' });
  });

  it('reads only the part of the file below the given path', () => {
    const layer = yamlLayer('name: x\nsettings:\n  log: {level: warn}\n', ['settings']);
    expect([...layer]).toEqual([['log.level', { value: 'warn', where: 'local.yaml:3' }]]);
    expect(yamlLayer('name: x', ['settings']).size).toBe(0);
  });

  it.each([
    ['fetch:\n  maxByte: 1', "'fetch.maxByte'", "local.yaml:2. Did you mean 'fetch.maxBytes'?"],
    ['fecth:\n  maxBytes: 1', "'fecth.maxBytes'", "local.yaml:2. Did you mean 'fetch.maxBytes'?"],
    ['fetch: 3', "'fetch'", 'local.yaml:1.'],
    ['nonsense: {}', "'nonsense'", 'local.yaml:1.'],
    ['nonsense:', "'nonsense'", 'local.yaml:1.'],
    ['__proto__: {level: 1}', "'__proto__.level'", 'local.yaml:1.'],
    ['toString: 1', "'toString'", 'local.yaml:1.'],
    ['log.level.deep: 1', "'log.level.deep'", 'local.yaml:1.'],
  ])('refuses the unknown name in %j', (text, name, place) => {
    expect(() => yamlLayer(text)).toThrow(`Unknown setting ${name} in ${place}`);
  });

  it('refuses a setting that a file gives both nested and with a dotted name', () => {
    expect(() => yamlLayer('log:\n  level: info\nlog.level: debug')).toThrow(
      "'log.level' is set twice: in local.yaml:2 and again in local.yaml:3",
    );
  });
});

describe('layerFromEnvironment', () => {
  it('reads values by the type of the setting', () => {
    const { layer } = readVariables({
      WINNOW_FETCH_MAX_BYTES: '1000',
      WINNOW_LOG_LEVEL: 'debug',
      WINNOW_FILTER_THREADS: 'null',
    });
    expect(layer.get('fetch.maxBytes')).toEqual({ value: 1000, where: 'WINNOW_FETCH_MAX_BYTES' });
    expect(layer.get('log.level')?.value).toBe('debug');
    expect(layer.get('filter.threads')?.value).toBeNull();
  });

  it("reads aliases, but the setting's own variable wins over them", () => {
    const alias = { DATABASE_URL: 'postgres://a/d' };
    expect(readVariables(alias).layer.get('postgres.url')).toEqual({ value: 'postgres://a/d', where: 'DATABASE_URL' });
    const both = { ...alias, WINNOW_POSTGRES_URL: 'postgres://b/d' };
    expect(readVariables(both).layer.get('postgres.url')).toEqual({
      value: 'postgres://b/d',
      where: 'WINNOW_POSTGRES_URL',
    });
  });

  it("warns of unknown variables with winnow's prefix, suggests the nearest name, and ignores all other variables", () => {
    const { layer, warnings } = readVariables({
      WINNOW_FETCH_MAX_BYTE: '1',
      WINNOW_SOMETHING_ELSE: 'x',
      PATH: '/bin',
      WINNOWING: '1',
    });
    expect(layer.size).toBe(0);
    expect(warnings).toEqual([
      "Ignored the environment variable WINNOW_FETCH_MAX_BYTE: there is no such setting. Did you mean 'WINNOW_FETCH_MAX_BYTES'?",
      'Ignored the environment variable WINNOW_SOMETHING_ELSE: there is no such setting.',
    ]);
  });
});

describe('the settings of services', () => {
  const checked = (name: 'queue.redisUrl' | 'blobs.url', value: string) => () =>
    checkSetting(name, { value, where: 'the environment' });

  it('can be set with the variables that other programs use', () => {
    const variables = { REDIS_URL: 'redis://h', AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL_S3: 'http://h:9000' };
    expect(Object.fromEntries(readVariables(variables).layer)).toEqual({
      'queue.redisUrl': { value: 'redis://h', where: 'REDIS_URL' },
      'blobs.region': { value: 'eu-west-1', where: 'AWS_REGION' },
      'blobs.endpoint': { value: 'http://h:9000', where: 'AWS_ENDPOINT_URL_S3' },
    });
    expect(readVariables(variables).warnings).toEqual([]);
  });

  it.each(['redis://127.0.0.1', 'rediss://me:p%40ss@cache.example:6380/2', 'redis://:p@[::1]:6379/'])(
    'take the Redis URL %s',
    (url) => {
      expect(checked('queue.redisUrl', url)()).toBe(url);
    },
  );

  it.each(['http://h', 'redis:', 'redis://', 'redis://h/one', '127.0.0.1:6379', 'postgres://h/d', 'redis://h/0/1'])(
    'refuse %s as the URL of a Redis',
    (url) => {
      expect(checked('queue.redisUrl', url)).toThrow(
        /^Expected a URL like redis:\/\/user:password@host:6379\/0 \(rediss: /,
      );
    },
  );

  it('refuse a wrong Redis URL without printing its password', () => {
    expect(checked('queue.redisUrl', 'http://me:hunter2@h')).toThrow(/'http:\/\/me:\*\*\*@h'$/);
  });

  it.each(['s3://photos', 's3://photos/', 's3://my.bucket-1/lab/one/'])('take the blobs URL %s', (url) => {
    expect(checked('blobs.url', url)()).toBe(url);
  });

  it.each([
    's3:photos',
    's3://',
    's3://a/b',
    's3://key:secret@photos',
    'https://photos.s3.amazonaws.com',
    's3://photos/a?b',
  ])('refuse %s as the URL of blobs', (url) => {
    const refused = checked('blobs.url', url);
    expect(refused).toThrow(/^Expected a URL like s3:\/\/bucket\/prefix \(keys go into AWS_ACCESS_KEY_ID/);
    expect(refused).not.toThrow(/secret/);
  });
});

describe('layerFromArguments', () => {
  it('uses the later of two arguments for one setting and remembers the flag', () => {
    const layer = layerFromArguments([
      ['crawl.limitPerClass', '5'],
      ['crawl.limitPerClass', '7', '--limit'],
    ]);
    expect(layer.get('crawl.limitPerClass')).toEqual({ value: 7, where: '--limit' });
  });

  it('refuses an unknown name and suggests the nearest known name', () => {
    expect(() => layerFromArguments([['fetch.maxbytes', '1']])).toThrow(
      /'fetch\.maxbytes' in --set\. Did you mean 'fetch\.maxBytes'\?/,
    );
    expect(() => layerFromArguments([['constructor', '1']])).toThrow(/^Unknown setting/);
  });
});

describe('the people of the server', () => {
  const token = 'hunter2-hunter2-hunter2';
  const people = { Zoë: { role: 'reviewer', token }, 'O’Neill, jr': {} };
  const { Zoë } = people;

  it('can be given in YAML, in the environment and with --set', () => {
    const yaml = yamlLayer(`server:\n  people:\n    Zoë: {role: reviewer, token: ${token}}\n`);
    const text = `{Zoë: {role: reviewer, token: ${token}}}`;
    const given = [
      yaml,
      readVariables({ WINNOW_SERVER_PEOPLE: text }).layer,
      layerFromArguments([['server.people', JSON.stringify({ Zoë })]]),
    ].map((layer) => layer.get('server.people'));
    expect(given.map((one) => one?.where)).toEqual(['local.yaml:2', 'WINNOW_SERVER_PEOPLE', '--set']);
    for (const one of given) expect(checkSetting('server.people', one ?? { value: 0, where: '' })).toEqual({ Zoë });
  });

  it.each([
    [people, /Expected a name \(1 to 60 .*\) for 'server\.people\.O’Neill, jr' in here but received '\*\*\*'$/],
    [
      { Zoë: { role: 'viewer' } },
      /Expected 16 to 200 .* for 'server\.people\.Zoë\.token' in here but received nothing$/,
    ],
    [{ Zoë: { ...Zoë, token: 2_222_222_222_222_222 } }, /token' in here but received '\*\*\*'$/],
    [[Zoë], /Expected a mapping of names to \{role, token\}, .* for 'server\.people' in here but received '\*\*\*'$/],
    [
      `{Zoë: ${token}`,
      /Expected a mapping of names to \{role, token\}, .* for 'server\.people' in here but received '\*\*\*'$/,
    ],
  ])('%j are refused without showing a token', (value, message) => {
    const check = (): unknown => checkSetting('server.people', { value, where: 'here' });
    expect(check).toThrow(message);
    expect(check).not.toThrow(/hunter2|2222/);
  });
});

describe('checkSetting', () => {
  it.each([
    ['fetch.maxBytes', 0],
    ['fetch.maxBytes', 1.5],
    ['fetch.maxBytes', null],
    ['fetch.maxBytes', Number.POSITIVE_INFINITY],
    ['fetch.maxAspectRatio', 0.5],
    ['crawl.limitPerClass', 0],
    ['filter.evaluate', 'some'],
    ['log.level', 'INFO'],
    ['postgres.url', 'mysql://h/d'],
    ['postgres.url', 'postgres:d'],
    ['postgres.url', 5],
  ] as const)('refuses %s = %j', (name, value) => {
    expect(() => checkSetting(name, { value, where: 'here' })).toThrow(`for '${name}' in here`);
  });

  it.each(['postgres://user:hunter2@h:5/d', 'postgresql:///d?host=/tmp/s', 'postgres://u@%2Fvar%2Frun/d'])(
    'accepts the URL %s',
    (url) => {
      expect(checkSetting('postgres.url', { value: url, where: 'here' })).toBe(url);
    },
  );

  it('never shows a password, not even that of a malformed URL', () => {
    const urls = ['postgres://u:hunter2#x@h/d', 'u:hunter2@h', 'mysql://u:hunter2@h/d'];
    for (const value of [...urls, { password: 'hunter2' }])
      expect(() => checkSetting('postgres.url', { value, where: 'DATABASE_URL' })).toThrow(
        /^(?![^]*hunter2)[^]*Expected a URL like/,
      );
  });
});
