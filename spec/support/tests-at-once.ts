import { beforeAll, it } from '@jest/globals';

/** Declares a test; all those declared by one `atOnce()` run at the same time. */
export type DeclareTest = (name: string, test: () => Promise<void>) => void;

/**
 * For tests that mostly wait for jobs: those of a `describe` begin together, before the first of them is reported, and so share
 * the time that a pool takes.
 */
export function testsAtOnce(): DeclareTest {
  const tests = new Map<string, () => Promise<void>>();
  const running = new Map<string, Promise<void>>();
  beforeAll(() => {
    for (const [name, test] of tests) {
      const outcome = test();
      // It is reported where the test is declared.
      outcome.catch(() => {});
      running.set(name, outcome);
    }
  });
  return (name, test) => {
    tests.set(name, test);
    // oxlint-disable-next-line jest/expect-expect, jest/valid-title -- both are the caller's
    it(name, async () => running.get(name));
  };
}
