import { existsSync } from 'node:fs';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take long, the longest first. Vitest starts large files first, so some of these would start last and leave a processor idle. */
const SLOW = [
  'e2e/recipes',
  'integration/web/server/accessibility',
  'e2e/review-safety',
  'e2e/review-page',
  'integration/measure/report/page',
  'e2e/review-grid',
  'integration/core/crawl/ends',
  'integration/web/server/page',
  'e2e/review-together',
  'e2e/faults',
  'e2e/demo',
  'e2e/interruptions',
  'integration/web/server/blind',
  'e2e/quality',
  'e2e/backup',
  'e2e/faults-of-a-filter',
  'e2e/hostile-hosts',
  'e2e/reference-decisions',
  'e2e/interrupted-crawl',
  'e2e/publish-takedown',
  'integration/core/crawl/walk',
  'integration/core/export/verify',
  'e2e/database-gone',
  'e2e/report',
  'e2e/polite-crawl',
  'e2e/lost-bytes',
  'e2e/newcomer',
  'integration/core/operate/service-faults',
  'integration/exchange/evidence-files',
  'integration/keep/backup-faults',
  'integration/core/operate/shared-services',
  'integration/core/platform/embedded-postgres/attach-faults',
  'integration/core/platform/embedded-postgres/users',
  'integration/deploy/services',
  'e2e/rules-of-workers',
];

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    for (const name of SLOW)
      if (!existsSync(`test/${name}.test.ts`))
        throw new Error(`Expected the test of SLOW '${name}' but there is no such file`);
    // oxlint-disable-next-line unicorn/no-array-sort -- a method of Vitest's
    const sorted = await super.sort(files);
    const isOf =
      (name: string) =>
      ({ moduleId }: TestSpecification): boolean =>
        moduleId.endsWith(`/test/${name}.test.ts`);
    const slow = SLOW.flatMap((name) => sorted.filter(isOf(name)));
    return [...slow, ...sorted.filter((file) => !slow.includes(file))];
  }
}
