import type { Reporter, TestModule } from 'vitest/node';

/**
 * Prints each skipped test with its reason, then the closing line that a CI reader can count:
 * `N passed, N failed, N skipped`. A file that fails to load has no tests and so counts as one failed.
 */
export default class PlainCountReporter implements Reporter {
  onTestRunEnd(testModules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const testModule of testModules) {
      if (testModule.state() === 'failed' && testModule.errors().length > 0) count.failed += 1;
      for (const test of testModule.children.allTests()) {
        const result = test.result();
        if (result.state === 'pending') continue;
        count[result.state] += 1;
        if (result.state === 'skipped') console.log(`skipped: ${test.fullName} (${result.note ?? 'no reason given'})`);
      }
    }
    console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}
