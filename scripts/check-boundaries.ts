import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { cruise, format } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';

/**
 * Checks the import rules of config/tools/dependency-cruiser.cjs. A run that sees no source file breaks no rule and passes
 * (if dependency-cruiser cannot load TypeScript, for example). So that counts as a failure here.
 */
async function checkBoundaries(): Promise<number> {
  const options = await extractOptions('./config/tools/dependency-cruiser.cjs');
  const { output } = await cruise(
    ['src', 'workers', 'scripts', 'test'],
    options,
    {},
    { tsConfig: extractTsConfig('tsconfig.json') },
  );
  if (typeof output === 'string') throw new Error('Expected dependency-cruiser to return its result as an object');

  const sources = output.modules.filter(({ source }) => /^src\/.*\.ts$/.test(source));
  const imports = sources.reduce((sum, { dependencies }) => sum + dependencies.length, 0);
  if (sources.length === 0 || imports === 0) {
    console.error(
      `Expected modules in src/ that import each other but dependency-cruiser saw ${sources.length} modules`,
    );
    return 1;
  }
  const report = await format(output, { outputType: 'err-long' });
  if (typeof report.output === 'string') console.log(report.output.trim());
  return report.exitCode === 0 ? 0 : 1;
}

process.chdir(fileURLToPath(new URL('../', import.meta.url)));
process.exitCode = await checkBoundaries();
