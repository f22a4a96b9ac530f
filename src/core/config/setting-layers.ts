import { UsageError } from '../kernel/errors.ts';
import { environmentName, PREFIX, type Environment } from './env.ts';
import { didYouMean } from '../tools/nearest.ts';
import { quote, shownValue } from '../tools/quote.ts';
import { expectedOf, firstProblem } from './schema-problems.ts';
import { valueFromText } from './setting-text.ts';
import { SETTING_NAMES, isSettingName, settingOf, type SettingName } from './settings.ts';
import { isMapping, valueAt, type ValuePath, type YamlFile } from './yaml.ts';

export interface Given {
  readonly value: unknown;
  /** `file:line`, the environment variable or the flag. */
  readonly where: string;
}

export type Layer = ReadonlyMap<SettingName, Given>;

/**
 * Reads the settings of a YAML file, nested or with dotted names.
 *
 * @param top the path of the settings in the file: `['settings']` for a collection
 * @throws UsageError `unknown-setting` with the nearest known name, or `duplicate-setting`
 */
export function layerFromYaml(file: YamlFile, top: ValuePath = []): Layer {
  const layer = new Map<SettingName, Given>();
  const collect = (group: unknown, at: ValuePath, prefix: string): void => {
    if (!isMapping(group)) return; // A group is null if all its lines are commented out.
    for (const [key, value] of Object.entries(group)) {
      const name = prefix + key;
      const path = [...at, key];
      const where = file.where(path);
      if (isSettingName(name)) {
        const earlier = layer.get(name);
        if (earlier !== undefined)
          throw new UsageError(
            `'${name}' is set twice: in ${earlier.where} and again in ${where}. Remove one of the two.`,
            { code: 'duplicate-setting' },
          );
        layer.set(name, { value, where });
      } else if (isGroup(value, name)) collect(value, path, `${name}.`);
      else throw unknownSetting(name, where);
    }
  };
  collect(valueAt(file.value, top), top, '');
  return layer;
}

/** Every setting's name is far shorter. The limit bounds the recursion into a file that is not a settings file. */
const MAX_NAME_LENGTH = 200;

/** True if settings are looked for below a name. Unknown groups count too, because the full names in them give better advice. */
function isGroup(value: unknown, name: string): boolean {
  const isKnown = SETTING_NAMES.some((known) => known.startsWith(`${name}.`));
  if (isKnown) return value === null || isMapping(value);
  return isMapping(value) && Object.keys(value).length > 0 && name.length < MAX_NAME_LENGTH;
}

/** Reads settings from the environment. Warns of variables that have winnow's prefix but name no setting. */
export function layerFromEnvironment(environment: Environment, warn: (message: string) => void): Layer {
  const layer = new Map<SettingName, Given>();
  const known = new Set<string>();
  for (const name of SETTING_NAMES) {
    const { schema, aliases = [] } = settingOf(name);
    // The setting's own variable is the last, because it wins over the others.
    for (const where of [...aliases.toReversed(), environmentName(name)]) {
      known.add(where);
      const text = environment[where];
      if (text !== undefined) layer.set(name, { value: valueFromText(schema, text), where });
    }
  }
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith(PREFIX) || known.has(variable)) continue;
    warn(`Ignored the environment variable ${variable}: there is no such setting.${didYouMean(variable, [...known])}`);
  }
  return layer;
}

export type SettingArgument = readonly [name: string, text: string, flag?: string];

/** If two arguments give the same setting, the later one wins. Throws UsageError `unknown-setting`. */
export function layerFromArguments(settings: readonly SettingArgument[]): Layer {
  const layer = new Map<SettingName, Given>();
  for (const [name, text, flag = '--set'] of settings) {
    if (!isSettingName(name)) throw unknownSetting(name, flag);
    layer.set(name, { value: valueFromText(settingOf(name).schema, text), where: flag });
  }
  return layer;
}

/** @throws UsageError `bad-setting`: what was expected, where, and the value without its secrets */
export function checkSetting(name: SettingName, { value, where }: Given): unknown {
  const { schema, secret } = settingOf(name);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // A list is quoted as a whole. In a mapping the message names the place.
  const { path, expected } = isMapping(value)
    ? firstProblem(schema, result.error)
    : { path: [], expected: expectedOf(schema) };
  const wrong = valueAt(value, path);
  const isText = typeof wrong === 'string' || wrong === undefined;
  const shown = secret === undefined || isText ? shownValue(wrong, secret) : '***';
  throw new UsageError(
    `Expected ${expected} for ${quote([name, ...path].join('.'))} in ${where} but received ${quote(shown)}`,
    { code: 'bad-setting' },
  );
}

function unknownSetting(name: string, where: string): UsageError {
  return new UsageError(
    `Unknown setting ${quote(name)} in ${where}.${didYouMean(name, SETTING_NAMES)} \`winnow config\` lists all settings.`,
    { code: 'unknown-setting' },
  );
}
