import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { OutcomeQueue } from '../../../lib/runner/worker/outcome-queue.ts';
import { SpareFiles } from '../../../lib/runner/worker/outcome-queue.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

const parent = temporaryDirectory();
function newDirectory(): string {
  const directory = join(parent, randomUUID());
  mkdirSync(directory);
  return directory;
}
const none = (): void => {
  throw new Error('Nothing went wrong');
};

describe('OutcomeQueue', () => {
  it.each(['idle', 'finishNow'] as const)(
    'has written all files whole, and no others, after %s()',
    async (end) => {
      const directory = newDirectory();
      const queue = new OutcomeQueue(directory);
      const numbers = Array.from({ length: 30 }, (_, index) => index);
      for (const number of numbers) {
        queue.write(join(directory, `${number}`), Buffer.from(`outcome ${number}`), none);
        await queue.room();
      }
      await queue[end]();
      // One that was being made in advance is removed when it is there.
      await until(() => readdirSync(directory).length === numbers.length);
      for (const number of numbers) {
        expect(readFileSync(join(directory, `${number}`), 'utf8')).toBe(`outcome ${number}`);
      }
    },
  );

  it('throws what is wrong at once', () => {
    const directory = newDirectory();
    const queue = new OutcomeQueue(directory);
    const write = (): void => queue.write(join(directory, 'missing', '1'), Buffer.from('1'), none);
    expect(write).toThrow('ENOENT');
  });
});

describe('SpareFiles', () => {
  it('gives its files away under other names, and removes those that are left', async () => {
    const directory = newDirectory();
    const spares = new SpareFiles(directory);
    const [first, second] = [join(directory, 'first'), join(directory, 'second')];
    expect(spares.take(first)).toBeUndefined();
    await until(() => readdirSync(directory).length > 1);
    await until(() => spares.take(second) !== undefined);
    expect(readdirSync(directory)).toContain('second');
    spares.end();
    await until(() => readdirSync(directory).length === 1);
  });
});
