import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Sample {
  readonly args?: readonly string[];
  /** The lines that it prints: text, or asymmetric matchers. */
  readonly prints: readonly unknown[];
  /** The lines come in no particular order. */
  readonly unordered?: boolean;
}

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const SAMPLES: Readonly<Record<string, Sample>> = {
  'square.ts': { prints: ['7 squared is 49'] },
  'map.ts': {
    prints: [
      '20°  75.1 m',
      '25°  84.8 m',
      '30°  91.6 m',
      '35°  95.8 m',
      '40°  97.5 m',
      '45°  96.8 m',
      '50°  93.9 m',
      '55°  88.7 m',
      '60°  81.3 m',
      '65°  71.9 m',
      '70°  60.6 m',
      '75°  47.5 m',
    ],
  },
  'as-completed.ts': {
    prints: [
      // The words of V8's SyntaxError change with its versions.
      matching(/^\{"celsius": failed: SyntaxError: .*JSON.* \(stderr: parsing \{"celsius":\)$/),
      '{"celsius":-300} failed: RangeError: -300 °C is colder than cold (stderr: parsing {"celsius":-300})',
      '{"celsius":-40} is 233.15 K',
      '{"celsius":21.5} is 294.65 K',
      '{"humidity":40} failed: TypeError: no temperature (stderr: parsing {"humidity":40})',
    ],
    unordered: true,
  },
  'resources.ts': {
    prints: [
      'The most frequent byte is 121, 264195 times',
      matching(/^Job \S+\.\d+ ran on \S+$/),
      matching(/^Peak memory: 1\d\d MB of 256 MB$/),
      matching(/^Processor time: \d+\.\d\d s$/),
    ],
  },
  'cancel.ts': {
    prints: [
      'First: the greedy method found a tour of 2085 km',
      // It is still pending where only one job can run at once.
      matching(/^The other one is (running|pending); cancelled: true; now it is cancelled$/),
      'CancelledError because of a TimeoutError',
    ],
  },
  'closures.ts': {
    prints: [
      'A ball of aluminium cools in 49 minutes (a Cooling: true)',
      'A ball of copper cools in 69 minutes (a Cooling: true)',
      'A ball of lead cools in 29 minutes (a Cooling: true)',
    ],
  },
  'module.ts': {
    prints: [
      'On day 143, 157092 people are ill',
      'On day 79, 312340 people are ill',
      'On day 56, 424256 people are ill',
    ],
  },
  'pipeline.ts': {
    prints: ['coast: day 199, 22.3 °C', 'valley: day 202, 21.3 °C', 'summit: day 192, 20.3 °C'],
  },
  'checkpoint.ts': {
    prints: ['Attempt 2 went on after 300000 terms, and pi is 3.14159'],
  },
  'stdout.ts': {
    prints: [
      'epoch 1: loss 0.700',
      'epoch 2: loss 0.490',
      'epoch 3: loss 0.343',
      'epoch 4: loss 0.240',
      'epoch 5: loss 0.168',
      'The loss is 0.168',
    ],
  },
  'tutorial/01-first-steps.ts': {
    prints: ['The map doubles has 4 components', '2', '4', '6', '8', 'Component 3: 2 × 4 = 8'],
  },
  'tutorial/02-basic-mapping.ts': {
    prints: [
      'Random tag: true',
      'negotiator: 5 vowels',
      'Done: true, statuses: completed, completed, completed',
      'Now there are 4 components, and the last has 2 vowels',
    ],
  },
  'tutorial/03-files.ts': { prints: ['The poems have 13 and 5 words'] },
  'tutorial/04-options.ts': { prints: ['1000', '1000000', 'The larger one ran 1 time'] },
  'tutorial/05-advanced-mapping.ts': {
    prints: ['3 to the 2nd: 9', 'Here: 25', '8 9', '2 4 8 3 9 27', '10 1000', '125'],
  },
  'tutorial/06-errors.ts': {
    prints: [
      'Component 2: RangeError: no license for size 3',
      'Component 3: RangeError: no license for size 4',
      'A RangeError: true',
      'Run again: 2, 3',
      'solved 1',
      'solved 2',
      'solved 3',
      'solved 4',
    ],
  },
  'tutorial/07-output-files.ts': {
    prints: ['gold: report.txt has 19 characters', 'iron: report.txt has 19 characters'],
  },
  'tutorial/08-wrapping-programs.ts': { prints: ['2893876420', '3654225044'] },
  'tutorial/09-checkpointing.ts': { prints: ['counted from 4 to 5'] },
  'prime-count.ts': {
    args: ['1000000'],
    prints: ['There are 78498 primes below 1000000: correct'],
  },
};

/** Files in samples/ that are imported by samples, and not run. */
const IMPORTED = ['command-line.ts', 'model.js'];

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Specifies that each sample, run as a user would run it, prints what it should. `parent`: where job sets may lie. */
export function specifySamples(system: 'local' | 'htcondor', parent: string): void {
  describe(`Samples on ${system}`, () => {
    let directory: string;

    beforeAll(async () => {
      directory = await mkdtemp(join(parent, 'samples-'));
    });

    afterAll(async () => {
      await rm(directory, { recursive: true });
    });

    it('are all specified here', async () => {
      const entries = await readdir(join(repository, 'samples'), { recursive: true });
      const files = entries.filter((name) => name !== 'tutorial');
      expect(files.toSorted()).toEqual([...Object.keys(SAMPLES), ...IMPORTED].toSorted());
    });

    it.each(Object.entries(SAMPLES))(
      '%s prints what it should',
      async (file, { args = [], prints, unordered = false }) => {
        const flags = ['--executor', system, '--directory', join(directory, file.replace('/', '-'))];
        const { exitCode, lines, stderr } = await run(file, [...args, ...flags]);
        const printed = unordered ? lines.toSorted() : lines;
        expect({ exitCode, printed, stderr }).toEqual({
          exitCode: 0,
          printed: prints,
          stderr: expect.any(String),
        });
      },
    );
  });
}

async function run(
  file: string,
  args: readonly string[],
): Promise<{ exitCode: unknown; lines: string[]; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', join('samples', file), ...args],
      { cwd: repository, env: process.env },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : (error.code ?? error.signal);
        resolve({ exitCode, lines: stdout.trimEnd().split('\n'), stderr });
      },
    );
  });
}
