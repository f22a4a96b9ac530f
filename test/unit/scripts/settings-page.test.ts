import path from 'node:path';
import { expect, it } from 'vitest';
import { settingsPage } from '../../../scripts/settings-page.ts';
import { packageRoot } from '../../../src/core/config/root.ts';

// After a change of the table: npm run test:unit -- settings-page -u
it('docs/settings.md agrees with the table of settings', async () => {
  await expect(settingsPage()).toMatchFileSnapshot(path.join(packageRoot, 'docs/settings.md'));
});
