import path from 'node:path';
import { expect, it } from 'vitest';
import { commandsPage } from '../../../scripts/commands-page.ts';
import { packageRoot } from '../../../src/core/config/root.ts';

// After a change of a command's help: npm run test:integration -- commands-page -u
it('docs/commands.md agrees with the help of the commands', async () => {
  await expect(await commandsPage()).toMatchFileSnapshot(path.join(packageRoot, 'docs/commands.md'));
});
