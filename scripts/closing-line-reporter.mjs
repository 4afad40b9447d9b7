// A vitest reporter whose last line is `N passed, N failed, N skipped`. A run without any test fails.
import process from "node:process";

/** @implements {import("vitest/node").Reporter} */
export default class ClosingLineReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      // A file that could not be loaded, or whose hooks failed, has run no test but is a failure.
      if (module.errors().length > 0) count.failed += 1;
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) count[test.result().state] += 1;
    }
    // A test that never came to an end has not passed.
    const failed = count.failed + count.pending + unhandledErrors.length;
    if (count.passed + failed === 0) process.exitCode = 1;
    this.line = `${count.passed} passed, ${failed} failed, ${count.skipped} skipped`;
    process.once("exit", () => process.stdout.write(`\n${this.line}\n`));
  }
}
