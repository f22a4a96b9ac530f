import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/**
 * Prints each skipped test with its reason, the files that took longest, and the closing line that a CI reader can count:
 * `N passed, N failed, N skipped`. What fails outside a test counts as one failure each: a file that does not load, a
 * hook of a file or of a suite, an error that nobody caught.
 */
export default class PlainCountReporter implements Reporter {
  onTestRunEnd(testModules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const testModule of testModules) {
      const groups = [testModule, ...testModule.children.allSuites()];
      count.failed += groups.filter((group) => group.errors().length > 0).length;
      for (const test of testModule.children.allTests()) {
        const result = test.result();
        if (result.state === 'pending') continue;
        count[result.state] += 1;
        if (result.state !== 'skipped') continue;
        console.log(`skipped: ${testModule.relativeModuleId}: ${test.fullName} (${result.note ?? 'no reason given'})`);
      }
    }
    for (const { seconds, file } of slowestOf(testModules)) console.log(`${seconds.toFixed(1).padStart(6)} s  ${file}`);
    console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}

const NAMED = 10;

function slowestOf(testModules: readonly TestModule[]): { readonly file: string; readonly seconds: number }[] {
  return testModules
    .map((one) => ({ file: one.relativeModuleId, seconds: one.diagnostic().duration / 1_000 }))
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, NAMED);
}
