import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { SlowFirst } from '../../test/support/slow-first.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const support = (file: string): string => `${root}test/support/${file}`;

const files = (folder: string, ...names: string[]): string[] => names.map((name) => `test/${folder}/${name}.test.ts`);

/** The ways through the program that `npm test` takes from end to end. `npm run test:rest` takes the others. */
const WAYS = files('e2e', 'crawl', 'demo', 'export', 'report');
/** Integration tests of `npm run test:rest`: kills, outages, hostile hosts, browsers, Redis, other versions, containers, and long ones. */
const REST = [
  ...files('contract/core', 'job-queue-redis'),
  ...files('integration/core/crawl', 'ends', 'network-gone'),
  ...files('integration/core/crawl/open-data', 'dump-over-http', 'resume'),
  ...files('integration/core/crawl/politeness', 'processes'),
  ...files('integration/deploy', 'containers', 'image-context', 'services'),
  ...files('integration/core/export', 'earlier-formats', 'fetch-script', 'hostile-exports', 'other-libraries'),
  ...files('integration/measure/evaluate/finetune', 'finetune'),
  ...files('integration/exchange', 'evidence-worker'),
  ...files('integration/core/filter/engine', 'crash-safe-engine', 'heads'),
  ...files(
    'integration/core/models',
    'add',
    'finetune-torch',
    'killed-add',
    'provider-migration',
    'pull',
    'pull-faults',
    'remove',
  ),
  ...files('integration/core/operate', 'service-faults', 'shared-models', 'shared-services', 'tls'),
  ...files('integration/keep', 'backup', 'backup-faults', 'move', 'versions'),
  ...files('integration/core/platform/embedded-postgres', 'attach', 'attach-faults', 'failures', 'upgrade', 'users'),
  ...files('integration/core/platform/blobs', 'blob-bucket'),
  ...files('integration/core/platform/child', 'child-program'),
  ...files('integration/core/platform/http', 'request-text', 'tls-and-proxies'),
  ...files('integration/core/platform/image', 'perceptual-hash', 'strip'),
  ...files('integration/core/platform/queue', 'redis-queue'),
  ...files('integration/measure/report', 'page'),
  ...files(
    'integration/web/server',
    'accessibility',
    'activity',
    'base-path',
    'blind',
    'controls',
    'database-killed',
    'limits',
    'links',
    'page',
    'photos',
    'queues',
    'stale',
  ),
  ...files('integration/web/status', 'made-catalogue'),
];
/** End-to-end tests that measure how long something takes. */
const ALONE = files('e2e', 'clock-leap', 'two-servers');

/** A busy machine may take seconds for what is polled. */
const POLL = { poll: { timeout: 10_000 } };

const services = {
  // The tests run in processes that they start. Files leave no state behind, and loading all modules for each file takes seconds.
  isolate: false,
  globalSetup: [support('temp-setup.ts'), support('build-setup.ts'), support('postgres-setup.ts')],
  testTimeout: 300_000,
  hookTimeout: 120_000,
  expect: POLL,
};

/**
 * Three sizes of tests. Unit tests run pure code without services, all of them in seconds. Integration tests use real PostgreSQL,
 * real models and real files. End-to-end tests run the built commands as a person does. `npm test` has those that catch most faults
 * within minutes. The projects `rest…` have the others, of both sizes.
 */
export default defineConfig({
  root,
  test: {
    sequence: { sequencer: SlowFirst },
    reporters: ['default', support('plain-count-reporter.ts')],
    projects: [
      {
        test: {
          name: 'unit',
          root,
          include: ['test/unit/**/*.test.{ts,tsx}'],
          globalSetup: [support('temp-setup.ts')],
          // Pure code leaves no state behind for the next file. A new environment for each file took twice as long as the tests.
          isolate: false,
          // Property tests with thousands of cases take seconds, and longer if other programs run.
          testTimeout: 30_000,
          // Vitest leaves one core free unless it is told how many to use.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...services,
          name: 'integration',
          root,
          include: ['test/integration/**/*.test.ts', 'test/contract/**/*.test.ts', ...WAYS],
          exclude: REST,
          // Tests wait for locks, pauses and the end of processes, so four workers keep two cores busy. The ways through the
          // program are not a project of their own, because each project loads and compiles all modules again.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...services,
          name: 'rest',
          root,
          include: ['test/e2e/**/*.test.ts', ...REST],
          exclude: [...WAYS, ...ALONE],
          // Tests wait for sites, retries and the end of processes, so four workers keep two cores busy.
          maxWorkers: 4,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...services,
          name: 'rest-alone',
          root,
          include: ALONE,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
