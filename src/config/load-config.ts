import { join, resolve } from 'node:path';
import { readEnvironment } from './env.ts';
import type { Environment } from './env.ts';
import { shownValue } from './quote.ts';
import { readTextFile, readTextFileIfPresent } from './read-text.ts';
import { displayPath, packageRoot } from './root.ts';
import { checkSetting, layerFromArguments, layerFromEnvironment, layerFromYaml } from './setting-layers.ts';
import type { Layer, SettingArgument } from './setting-layers.ts';
import { SETTING_NAMES, settingOf } from './settings.ts';
import type { Config, SettingName } from './settings.ts';
import { isMapping, parseYaml } from './yaml.ts';

export type OriginSource = 'default' | 'tuned' | 'collection' | 'file' | 'environment' | 'flag';

/** Which place won. */
export interface Origin {
  readonly source: OriginSource;
  /** `file:line`, the environment variable, the flag, or `built in`. */
  readonly where: string;
}

export interface LoadedConfig {
  /** Frozen through and through. */
  readonly config: Config;
  /** For every setting. */
  readonly origins: ReadonlyMap<SettingName, Origin>;
  readonly warnings: readonly string[];
}

export interface LoadConfigOptions {
  /** The folder whose config/default.yaml and config/local.yaml are read; the package's by default. */
  readonly root?: string;
  /** The process environment by default. */
  readonly env?: Environment | NodeJS.ProcessEnv;
  /** From `--set` and from flags that stand for settings. */
  readonly argvSettings?: readonly SettingArgument[];
  /** `--config FILE`, read in place of config/local.yaml; must exist. */
  readonly configFile?: string | undefined;
  /** `Collection.settings`. */
  readonly collectionSettings?: Layer | undefined;
  /** What was measured on this machine: it takes the place of defaults only. */
  readonly tuned?: Layer | undefined;
  readonly warn?: (message: string) => void;
}

/**
 * Reads all settings. Precedence: flags and `--set` > environment > `--config FILE` or else config/local.yaml > the collection's
 * `settings:` > what was tuned > config/default.yaml > the table in settings.ts. Only values that win are checked; unknown names are refused anywhere.
 *
 * @throws UsageError for unknown names, values that do not fit and files that cannot be read
 */
export async function loadConfig(options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const { root = packageRoot, env, argvSettings = [], configFile, collectionSettings = new Map(), warn } = options;
  const { tuned = new Map() } = options;
  const warnings: string[] = [];
  const tell = (message: string): void => {
    warnings.push(message);
    warn?.(message);
  };
  const layers: readonly (readonly [OriginSource, Layer])[] = [
    ['flag', layerFromArguments(argvSettings)],
    ['environment', layerFromEnvironment(readEnvironment(env), tell)],
    [
      'file',
      configFile === undefined
        ? await optionalLayer(join(root, 'config/local.yaml'))
        : await requiredLayer(resolve(configFile)),
    ],
    ['collection', collectionSettings],
    ['tuned', tuned],
    ['default', await optionalLayer(join(root, 'config/default.yaml'))],
  ];
  const values = new Map<SettingName, unknown>();
  const origins = new Map<SettingName, Origin>();
  for (const name of SETTING_NAMES) {
    const [source, given] = winnerOf(name, layers);
    values.set(name, checkSetting(name, given));
    origins.set(name, { source, where: given.where });
  }
  return { config: nest(values), origins, warnings };
}

/** One row of `winnow config`. */
export interface ConfigRow {
  readonly name: SettingName;
  /** With `***` in place of secrets. */
  readonly value: unknown;
  /** `default`, or the source and the place: `environment WINNOW_LOG_LEVEL`. */
  readonly origin: string;
  readonly description: string;
}

/** All settings in the order of the table, safe to print. */
export function describeConfig({ config, origins }: Pick<LoadedConfig, 'config' | 'origins'>): ConfigRow[] {
  return SETTING_NAMES.map((name) => {
    const { description, secret } = settingOf(name);
    const value = valueAt(config, name);
    const origin = origins.get(name) ?? { source: 'default', where: 'built in' };
    return {
      name,
      value: shownValue(value, secret),
      origin: origin.source === 'default' ? 'default' : `${origin.source} ${origin.where}`,
      description,
    };
  });
}

type Winner = readonly [OriginSource, { readonly value: unknown; readonly where: string }];

function winnerOf(name: SettingName, layers: readonly (readonly [OriginSource, Layer])[]): Winner {
  for (const [source, layer] of layers) {
    const given = layer.get(name);
    if (given !== undefined) return [source, given];
  }
  return ['default', { value: settingOf(name).fallback, where: 'built in' }];
}

async function optionalLayer(path: string): Promise<Layer> {
  const file = await readTextFileIfPresent(path, 'a file of settings');
  return file === undefined ? new Map() : layerFromYaml(parseYaml(file.text, displayPath(path)));
}

async function requiredLayer(path: string): Promise<Layer> {
  const { text } = await readTextFile(path, 'the file of --config');
  return layerFromYaml(parseYaml(text, displayPath(path)));
}

function nest(values: ReadonlyMap<SettingName, unknown>): Config {
  const config: Record<string, unknown> = {};
  for (const [name, value] of values) {
    const path = name.split('.');
    const leaf = path.pop() ?? name;
    let group = config;
    for (const step of path) group = groupIn(group, step);
    group[leaf] = value;
  }
  deepFreeze(config);
  if (!isConfig(config)) throw new TypeError('Expected a value for every setting');
  return config;
}

function groupIn(parent: Record<string, unknown>, key: string): Record<string, unknown> {
  const existing = parent[key];
  if (isMapping(existing)) return existing;
  const group: Record<string, unknown> = {};
  parent[key] = group;
  return group;
}

/** Each value has passed its own schema before; here the shape is checked. */
function isConfig(config: Record<string, unknown>): config is Config {
  return SETTING_NAMES.every((name) => valueAt(config, name) !== undefined);
}

function valueAt(config: object, name: SettingName): unknown {
  let value: unknown = config;
  for (const step of name.split('.')) value = isMapping(value) ? value[step] : undefined;
  return value;
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const inner of Object.values(value)) deepFreeze(inner);
  Object.freeze(value);
}
