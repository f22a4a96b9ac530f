import { basename, dirname, join } from 'node:path';
import { shellWord } from '../kernel/texts.ts';
import { displayPath, packageRoot } from './root.ts';

/**
 * How the user started winnow, as words of a shell.
 *
 * @param script `process.argv[1]`, which is the link and not its target if winnow was found on the PATH
 */
export function startedAs(script: string, variables: NodeJS.ProcessEnv = process.env): string {
  // npm sets these for the scripts of a package.
  const isOurScript =
    variables['npm_package_json'] === join(packageRoot, 'package.json') &&
    /\bwinnow\.cjs\b/.test(variables['npm_lifecycle_script'] ?? '');
  if (isOurScript) return 'npm run -s winnow --';
  if (basename(dirname(script)) === '.bin') return 'npx winnow-images';
  const name = basename(script);
  return name.includes('.') ? `node ${shellWord(displayPath(script))}` : name;
}
