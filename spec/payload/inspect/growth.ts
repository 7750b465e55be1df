import { runInspecting } from './run-inspecting.ts';

/** What is done again and again: statements for {@link runInspecting}. */
const ACTS = {
  looking: 'look(() => [ran, self]);',
  entering: `withDebugger(() => {
    for (let count = 0; count < 20; count += 1) if (!entered()) throw new Error('wrong');
  });`,
} as const;

/**
 * The bytes by which the heap of a program grows while it looks inside of functions, or enters 20 functions at a time.
 * @param warmUp how often it has done so before
 */
export function growthOf(act: keyof typeof ACTS, warmUp: number, times: number): number {
  const [growth] = runInspecting(
    `const repeat = (times) => { for (let count = 0; count < times; count += 1) { ${ACTS[act]} } };
    const used = async () => {
      for (let count = 0; count < 3; count += 1) { await new Promise(setImmediate); gc(); }
      return process.memoryUsage().heapUsed;
    };
    repeat(${warmUp});
    const before = await used();
    repeat(${times});
    print((await used()) - before);`,
    '--expose-gc',
  );
  return growth as number;
}
