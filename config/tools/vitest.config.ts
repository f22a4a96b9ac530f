import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('../../', import.meta.url));
const support = (file: string): string => `${root}test/support/${file}`;

const files = (...names: string[]): string[] => names.map((name) => `test/e2e/${name}.test.ts`);

/** End-to-end tests that keep every processor busy most of the time. */
const BUSY = files('demo', 'interruptions', 'reference-decisions');
/** End-to-end tests that measure how long something takes. */
const ALONE = files('clock-leap', 'two-servers');

const e2e = {
  globalSetup: [support('build-setup.ts'), support('postgres-setup.ts')],
  testTimeout: 300_000,
  hookTimeout: 120_000,
};

/**
 * Three sizes. Unit: pure, no service, seconds in all. Integration: real PostgreSQL, real models, real files.
 * End to end: the commands as a person runs them, in processes of their own.
 */
export default defineConfig({
  root,
  test: {
    reporters: ['default', support('plain-count-reporter.ts')],
    projects: [
      {
        test: {
          name: 'unit',
          root,
          include: ['test/unit/**/*.test.{ts,tsx}'],
          // Pure code leaves nothing behind for the next file. A fresh environment for each file took twice as long as the tests.
          isolate: false,
          // Properties that are tried on thousands of cases take seconds, and more beside other programs.
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'integration',
          root,
          include: ['test/integration/**/*.test.ts', 'test/contract/**/*.test.ts'],
          globalSetup: [support('postgres-setup.ts')],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // They sometimes wait, for locks and for the end of pauses: three keep two cores busy.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...e2e,
          name: 'e2e',
          root,
          include: ['test/e2e/**/*.test.ts'],
          exclude: [...BUSY, ...ALONE],
          // They wait for sites, for retries and for processes to end: four keep two cores busy.
          maxWorkers: 4,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...e2e,
          name: 'e2e-busy',
          root,
          include: BUSY,
          // They use both processors for minutes. Beside other programs they take several times as long.
          testTimeout: 900_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          ...e2e,
          name: 'e2e-alone',
          root,
          include: ALONE,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
