import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Document } from 'yaml';
import { readEnvironment, type Environment } from './env.ts';
import { shownValue } from '../tools/quote.ts';
import { readTextFile, readTextFileIfPresent } from './read-text.ts';
import { displayPath, packageRoot, workingFolder } from './root.ts';
import { checkSetting, layerFromArguments, layerFromEnvironment, layerFromYaml } from './setting-layers.ts';
import type { Given, Layer, SettingArgument } from './setting-layers.ts';
import { SETTING_NAMES, settingOf, type Config, type SettingName } from './settings.ts';
import { parseYaml, valueAt } from './yaml.ts';

const LOCAL = 'config/local.yaml';

export type OriginSource = 'default' | 'collection' | 'file' | 'environment' | 'flag';

export interface Origin {
  readonly source: OriginSource;
  /** `file:line`, the name of the environment variable, the flag, or `built in`. */
  readonly where: string;
}

export interface LoadedConfig {
  /** Deeply frozen. */
  readonly config: Config;
  readonly origins: ReadonlyMap<SettingName, Origin>;
  readonly warnings: readonly string[];
}

export interface LoadConfigOptions {
  readonly root?: string;
  readonly env?: Environment | NodeJS.ProcessEnv;
  /** Settings from `--set` and from flags that have a setting of their own. */
  readonly argvSettings?: readonly SettingArgument[];
  /** The file of `--config`. It replaces config/local.yaml and must exist. */
  readonly configFile?: string | undefined;
  readonly collectionSettings?: Layer | undefined;
}

/**
 * Reads all settings. Precedence: flags and `--set` > environment > `--config FILE` or else config/local.yaml > the collection's
 * `settings:` > config/default.yaml > the table in settings.ts. Only the values that win are checked. An unknown
 * name is an error in any place.
 *
 * @throws UsageError for unknown names, invalid values and files that cannot be read
 */
export async function loadConfig(options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const { root = packageRoot, env, argvSettings = [], configFile, collectionSettings = new Map() } = options;
  const warnings: string[] = [];
  // The strongest is last.
  const layers: readonly (readonly [OriginSource, Layer])[] = [
    ['default', new Map(SETTING_NAMES.map((name) => [name, { value: settingOf(name).fallback, where: 'built in' }]))],
    ['default', await optionalLayer(join(root, 'config/default.yaml'))],
    ['collection', collectionSettings],
    ['file', configFile === undefined ? await localLayer(root) : await requiredLayer(resolve(configFile))],
    ['environment', layerFromEnvironment(readEnvironment(env), (message) => warnings.push(message))],
    ['flag', layerFromArguments(argvSettings)],
  ];
  const given = new Map<SettingName, Given & Origin>();
  for (const [source, layer] of layers) for (const [name, one] of layer) given.set(name, { source, ...one });
  const values = new Map<SettingName, unknown>();
  const origins = new Map<SettingName, Origin>();
  for (const [name, { source, where, value }] of given) {
    values.set(name, checkSetting(name, { value, where }));
    origins.set(name, { source, where });
  }
  return { config: nest(values), origins, warnings };
}

/** The rows of `winnow config`, without secrets. An origin is like `default` or `environment WINNOW_LOG_LEVEL`. */
export function describeConfig({ config, origins }: Pick<LoadedConfig, 'config' | 'origins'>) {
  return [...origins].map(([name, { source, where }]) => {
    const { description, secret } = settingOf(name);
    const value = shownValue(valueAt(config, name.split('.')), secret);
    return { name, value, origin: source === 'default' ? source : `${source} ${where}`, description };
  });
}

/** A user's settings are in the working directory, because an installed package has none. A clone's also apply elsewhere. */
async function localLayer(root: string): Promise<Layer> {
  const own = join(workingFolder(), LOCAL);
  return optionalLayer(existsSync(own) ? own : join(root, LOCAL));
}

async function optionalLayer(path: string): Promise<Layer> {
  const file = await readTextFileIfPresent(path, 'a settings file');
  return file === undefined ? new Map() : layerFromYaml(parseYaml(file.text, displayPath(path)));
}

async function requiredLayer(path: string): Promise<Layer> {
  const { text } = await readTextFile(path, 'the file of --config');
  return layerFromYaml(parseYaml(text, displayPath(path)));
}

function nest(values: ReadonlyMap<SettingName, unknown>): Config {
  const document = new Document({});
  for (const [name, value] of values) document.setIn(name.split('.'), value);
  const config: unknown = document.toJS();
  deepFreeze(config);
  if (!isConfig(config)) throw new TypeError('Expected a value for every setting');
  return config;
}

function isConfig(config: unknown): config is Config {
  return SETTING_NAMES.every((name) => valueAt(config, name.split('.')) !== undefined);
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const inner of Object.values(value)) deepFreeze(inner);
  Object.freeze(value);
}
