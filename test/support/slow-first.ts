import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Small files that take long. Vitest starts large files first, so these would start last and leave a processor idle. */
const SLOW =
  /(?:e2e\/(?:backup|crawls|database-gone|hostile-hosts|interrupted-crawl|interruptions|faults|faults-of-a-filter|lost-bytes|report|rules-of-workers|revisions-page)|crawl\/walk|export\/verify|operate\/shared-services|attach-faults|backup-faults)\.test\.ts$/;

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- a method of Vitest's
    const sorted = await super.sort(files);
    const isSlow = ({ moduleId }: TestSpecification): boolean => SLOW.test(moduleId);
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))];
  }
}
