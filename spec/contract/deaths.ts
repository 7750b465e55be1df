import { beforeAll, describe, expect, it } from '@jest/globals';
import { JobKilledError } from '../../lib/base/job-errors.ts';
import {
  NeverSettledError,
  ProcessExitError,
  UncaughtExceptionError,
  UnhandledRejectionError,
} from '../../lib/base/errors.ts';
import type { Future } from '../../lib/futures/future.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { groupExecutor, type Subject } from './subject.ts';

type Death = [
  what: string,
  fn: () => unknown,
  error: { class: abstract new (...args: never[]) => Error; fields: object },
];

const deathExamples: Death[] = [
  ['process.exit(0)', () => process.exit(0), { class: ProcessExitError, fields: { exitCode: 0 } }],
  ['process.exit(3)', () => process.exit(3), { class: ProcessExitError, fields: { exitCode: 3 } }],
  [
    'process.exit() in a timer',
    async () => {
      setTimeout(() => process.exit(4), 10);
      return new Promise(() => {});
    },
    { class: ProcessExitError, fields: { exitCode: 4 } },
  ],
  [
    'a rejection that nobody handles',
    async () => {
      void Promise.reject(new TypeError('unseen'));
      return new Promise((resolve) => setTimeout(resolve, 600_000));
    },
    { class: UnhandledRejectionError, fields: { cause: { name: 'TypeError', message: 'unseen' } } },
  ],
  [
    'an exception in a timer',
    async () => {
      setTimeout(() => {
        throw new RangeError('late');
      }, 10);
      return new Promise((resolve) => setTimeout(resolve, 600_000));
    },
    { class: UncaughtExceptionError, fields: { cause: { name: 'RangeError', message: 'late' } } },
  ],
  [
    'waiting for what never comes',
    async () => new Promise(() => {}),
    { class: NeverSettledError, fields: {} },
  ],
  [
    'kill -9',
    () => {
      process.stderr.write('last words\n');
      process.kill(process.pid, 'SIGKILL');
      return new Promise((resolve) => setTimeout(resolve, 600_000));
    },
    { class: JobKilledError, fields: { signal: 9, exitCode: undefined, stderrTail: 'last words' } },
  ],
  [
    'its own SIGTERM',
    () => {
      process.kill(process.pid, 'SIGTERM');
      return new Promise((resolve) => setTimeout(resolve, 600_000));
    },
    { class: JobKilledError, fields: { signal: 15, exitCode: undefined } },
  ],
  [
    'process.abort()',
    () => process.abort(),
    { class: JobKilledError, fields: { signal: 6, exitCode: undefined } },
  ],
];

/** Calls that end their process, and do not harm their neighbours. */
export function deaths(subject: Subject): void {
  describe('a call that ends its process', () => {
    const executor = groupExecutor(subject);
    const futures = new Map<string, Future<unknown>>();
    let sibling: Future<string>;

    beforeAll(() => {
      for (const [what, fn] of deathExamples) futures.set(what, executor().submit(fn));
      sibling = executor().submit(() => 'unharmed');
    });

    it.each(deathExamples)(
      'by %s fails with an error that says so',
      async (what, _fn, { class: expected, fields }) => {
        const error = await thrownBy(futures.get(what) as Future<unknown>);
        expect(error).toBeInstanceOf(expected);
        expect(error).toMatchObject(fields);
      },
    );

    it('fails with its job, its host, and where its stderr lies', async () => {
      const future = futures.get('kill -9') as Future<unknown>;
      const error = await thrownBy(future);
      expect(error).toMatchObject({ jobId: future.jobId, host: future.host });
      expect((error as JobKilledError).message).toContain('last words');
      expect((error as JobKilledError).message).toContain((error as JobKilledError).stderrFile);
      expect(await future.stderr()).toContain('last words');
    });

    it('does no harm to other calls', async () => {
      expect(await sibling).toBe('unharmed');
      expect(await executor().submit(() => 'nor to later ones')).toBe('nor to later ones');
    });
  });
}
