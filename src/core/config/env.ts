/** The environment variables that are set. Empty ones count as unset, as `FOO= command` and compose files intend. */
export type Environment = Readonly<Record<string, string>>;

/** Takes a snapshot of the process environment. Nothing else in the program reads the environment. */
export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): Environment {
  const given = Object.entries(variables).filter((entry): entry is [string, string] => (entry[1] ?? '').trim() !== '');
  return Object.freeze(Object.fromEntries(given));
}

export const PREFIX = 'WINNOW_';

/** The environment variable of a setting: `WINNOW_FETCH_MAX_BYTES` for `fetch.maxBytes`. */
export function environmentName(settingName: string): string {
  const words = settingName.replaceAll('.', '_').replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_');
  return `${PREFIX}${words.toUpperCase()}`;
}

/**
 * Variables of the user's own PostgreSQL could turn off the durability of the embedded server (`synchronous_commit=off`). Its
 * address overrules the other PG variables.
 */
export function ignorePostgresOptions(variables: NodeJS.ProcessEnv = process.env): void {
  for (const name of ['PGOPTIONS', 'PGSSLNEGOTIATION']) delete variables[name];
}

/** Turns off the S3 client's warning about Node versions, which is for developers. It reads this from the environment only. */
export function silenceS3Client(variables: NodeJS.ProcessEnv = process.env): void {
  variables['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
}

/**
 * Turns off the telemetry of ONNX Runtime. Since release 1.29 it records on Linux and macOS which models run, with their names and
 * hashes, in `~/.cache/Microsoft`, and sends that to its maker (https://github.com/microsoft/onnxruntime/pull/27379). It reads
 * this switch before the first session, from the process: a thread has only a copy of the environment, so the main thread must
 * set it before it starts threads.
 */
export function refuseTelemetry(variables: NodeJS.ProcessEnv = process.env): void {
  variables['ORT_DISABLE_TELEMETRY'] = '1';
}
