import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { repositoryRoot } from './winnow.ts';

/** The parts of docker-compose.yml that tests look at. */
const service = z.looseObject({
  build: z.string().optional(),
  image: z.string(),
  container_name: z.string().optional(),
  command: z.union([z.string(), z.array(z.string())]).optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  healthcheck: z.looseObject({ test: z.array(z.string()).optional() }).optional(),
  ports: z.array(z.string()).default([]),
  restart: z.string().optional(),
  profiles: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  stop_grace_period: z.string().optional(),
  volumes: z.array(z.string()).default([]),
  tmpfs: z.union([z.string(), z.array(z.string())]).default([]),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()).default([]),
  cap_add: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  mem_limit: z.string().optional(),
  user: z.string().optional(),
});
export type ComposeService = z.output<typeof service>;
const composeFile = z.looseObject({ services: z.record(z.string(), service) });

/** docker-compose.yml, with its variables not replaced. */
export async function readComposeText(): Promise<string> {
  return readFile(path.join(repositoryRoot, 'docker-compose.yml'), 'utf8');
}

/** The file as an object, its merges (`<<`) done. */
export function parseCompose(text: string): unknown {
  return parse(text, { merge: true });
}

/** The services, with `${NAME:-default}` and `${NAME:?why}` replaced by these variables; an empty one counts as unset. */
export async function composeServices(
  variables: Readonly<Record<string, string>> = {},
): Promise<ReadonlyMap<string, ComposeService>> {
  const { services } = composeFile.parse(interpolated(parseCompose(await readComposeText()), variables));
  return new Map(Object.entries(services));
}

function interpolated(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return interpolatedText(value, variables);
  if (Array.isArray(value)) return value.map((item) => interpolated(item, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, interpolated(inner, variables)]));
}

/** The three forms of https://docs.docker.com/reference/compose-file/interpolation/ in the file. A default may contain one. */
function interpolatedText(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$\$|\$\{([A-Z\d_]+):([-?])((?:[^{}]|\$\{[^{}]*\})*)\}|\$/g,
    (found, ...[name, form, rest]: (string | undefined)[]) => {
      if (found === '$$') return '$';
      if (name === undefined) throw new Error(`Expected $$ or \${NAME:-default} but received '${text}'`);
      const given = variables[name] ?? '';
      // As `docker compose` says it.
      if (given === '' && form === '?') throw new Error(`required variable ${name} is missing a value: ${rest}`);
      return given === '' ? interpolatedText(rest ?? '', variables) : given;
    },
  );
}

/** A command as the words that it is started with. */
export function wordsOf(command: ComposeService['command']): readonly string[] {
  if (typeof command !== 'string') return command ?? [];
  if (/["'\\]/.test(command)) throw new Error(`Expected a command without quotes but received '${command}'`);
  return command.split(' ');
}

/** Reads the variables of the last stage of the image, and its health check. */
export async function readImage(): Promise<{ environment: Record<string, string>; healthCommand: string }> {
  const text = (await readFile(path.join(repositoryRoot, 'Dockerfile'), 'utf8')).split(/^FROM /m).at(-1) ?? '';
  const environment = Object.fromEntries(
    [...text.matchAll(/^ENV (.*)$/gm)]
      .flatMap(([, pairs = '']) => pairs.split(' '))
      .map((pair): [string, string] => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  const healthCommand = /^HEALTHCHECK .* CMD (.*)$/m.exec(text)?.[1];
  if (healthCommand === undefined) throw new Error('Expected a HEALTHCHECK in the Dockerfile');
  return { environment, healthCommand };
}
