import { describe, expect, it } from '@jest/globals';
import { runInspecting } from './run-inspecting.ts';

const GROWTH = `
  const growthOf = async (act) => {
    for (let count = 0; count < 100; count += 1) act();
    const used = async () => { for (let count = 0; count < 3; count += 1) { await new Promise(setImmediate); gc(); } return process.memoryUsage().heapUsed; };
    const before = await used();
    for (let count = 0; count < COUNT; count += 1) act();
    return (await used()) - before;
  };
`;

describe('The memory of a program', () => {
  it('does not grow by looking inside of functions', () => {
    const [growth] = runInspecting(
      `${GROWTH.replace('COUNT', '4_000')} print(await growthOf(() => look(() => [ran, self])));`,
      '--expose-gc',
    );
    expect(growth).toBeLessThan(1e6);
  });

  it('does not grow by entering functions', () => {
    const [growth] = runInspecting(
      `${GROWTH.replace('COUNT', '20')}
      print(await growthOf(() => withDebugger(() => { for (let count = 0; count < 20; count += 1) if (!entered()) throw new Error('wrong'); })));`,
      '--expose-gc',
    );
    expect(growth).toBeLessThan(5e6);
  });
});
