/** Names that are not empty. An empty variable counts as unset: `FOO= command` and compose files mean "nothing" by it. */
export type Environment = Readonly<Record<string, string>>;

/** A snapshot of the process environment; the only place of the program that reads it. */
export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): Environment {
  const given = Object.entries(variables).filter((entry): entry is [string, string] => (entry[1] ?? '').trim() !== '');
  return Object.freeze(Object.fromEntries(given));
}

const PREFIX = 'WINNOW_';

/** The environment name of a setting: `fetch.maxBytes` is `WINNOW_FETCH_MAX_BYTES`. */
export function environmentName(settingName: string): string {
  const words = settingName.replaceAll('.', '_').replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_');
  return `${PREFIX}${words.toUpperCase()}`;
}

/** Whether a variable is meant for winnow by its name. */
export function isWinnowVariable(name: string): boolean {
  return name.startsWith(PREFIX);
}

/**
 * Which Node the S3 client will want next year is for whoever brings its version up to date, and not for the stderr of
 * every command. It takes this from the environment only.
 */
export function silenceS3Client(variables: NodeJS.ProcessEnv = process.env): void {
  variables['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
}
