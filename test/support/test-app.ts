import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { openApp, type App } from '../../src/core/runtime/open/app.process.ts';
import { loadConfig } from '../../src/core/config/load-config.ts';
import { openLogger } from '../../src/core/platform/log/logger.ts';

/** A folder that is removed at the end of the test. */
export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

interface TestApp {
  /** The URL of its catalogue. */
  readonly url: string;
  readonly dataDir: string;
  readonly clientName?: string;
  /** Settings by the names of their environment variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The app of a command that logs nothing; closed at the end of the test. */
export async function openTestApp({ url, dataDir, clientName = 'test', env = {} }: TestApp): Promise<App> {
  const { config } = await loadConfig({ env: { WINNOW_POSTGRES_URL: url, ...env } });
  const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);
  const app = await openApp({ config, dataDir, clientName, log });
  onTestFinished(() => app.close());
  return app;
}
