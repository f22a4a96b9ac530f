import path from 'node:path';
import { expect, test } from 'vitest';
import { startedAs } from '../../../../src/core/config/program.ts';
import { packageRoot } from '../../../../src/core/config/root.ts';

const script = path.join(packageRoot, 'src/cli/winnow.cjs');
const ours = { npm_package_json: path.join(packageRoot, 'package.json') };

test.each([
  ['npm run -s winnow --', script, { ...ours, npm_lifecycle_script: 'exec node src/cli/winnow.cjs review' }],
  ['npx winnow-images', '/home/ana/node_modules/.bin/winnow-images', { npm_command: 'exec' }],
  ['winnow', '/usr/local/bin/winnow', {}],
  ['node src/cli/winnow.cjs', script, { ...ours, npm_lifecycle_script: 'exec vitest run' }],
  ["node '/opt/my tools/winnow.cjs'", '/opt/my tools/winnow.cjs', {}],
])('winnow that was started as %s is named so', (expected, given, variables) => {
  expect(startedAs(given, variables)).toBe(expected);
});
