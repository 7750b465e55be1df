import { chmodSync, mkdtempSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DependencyError } from '../../lib/base/errors.ts';
import { CancelledError, OwnershipError, PayloadError } from '../../lib/base/errors.ts';
import { resultFile } from '../../lib/job-set/names.ts';
import { writeResult } from '../../lib/job-set/results.ts';
import { encodeOutcome, type ItemOutcome } from '../../lib/payload/call.ts';
import { serialize } from '../../lib/payload/serialize.ts';
import { decodeThrown, encodeThrown } from '../../lib/payload/thrown-values.ts';
import { ResultsReader, thrownOf } from '../../lib/runner/results-reader.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';

const parent = temporaryDirectory();
const CALL = 3;

/** A job set in which a call has left this. */
async function jobSetWith(...items: ItemOutcome[]): Promise<string> {
  const directory = mkdtempSync(join(parent, 'set-'));
  const used = { startedAt: 1, endedAt: 2, userCpuMs: 3, systemCpuMs: 4, peakMemoryBytes: 5 };
  const outcome = { items, host: 'node7', pid: 5, nodeVersion: process.version, ...used };
  await writeResult(directory, CALL, encodeOutcome(outcome));
  return directory;
}

const readerOf = (directory: string): ResultsReader =>
  new ResultsReader(directory, { capture: {}, otherNode: 'refuse', main: '' });

/** What the program that submits gets to see. */
const seen = async (error: unknown): Promise<unknown> => decodeThrown(thrownOf(error), 'the job');

describe('What a job reads of other calls', () => {
  it('is what each of them has returned, made anew each time', async () => {
    const reader = readerOf(await jobSetWith({ primitive: 7 }, { value: serialize([1]) }));
    expect([await reader.read('3'), await reader.read('3.1')]).toEqual([7, [1]]);
    expect(await reader.read('3.1')).not.toBe(await reader.read('3.1'));
  });

  it("may be an error, which becomes the cause of the call's own", async () => {
    const error = new RangeError('bad', { cause: 'worse' });
    const failed = await jobSetWith({ thrown: encodeThrown(error) }, { thrown: encodeThrown('no error') });
    expect(await seen(await thrownBy(readerOf(failed).read('3')))).toMatchObject({
      name: 'DependencyError',
      message: 'The call was given the future of a call that failed: RangeError: bad',
      cause: { name: 'RangeError', message: 'bad', cause: 'worse' },
    });
    expect(await seen(await thrownBy(readerOf(failed).read('3.1')))).toMatchObject({ cause: 'no error' });
    const late = await jobSetWith({ timeLimit: 50, begun: true });
    expect(await seen(await thrownBy(readerOf(late).read('3')))).toMatchObject({
      message: 'The call was given the future of a call that failed: it ran longer than 50 ms',
    });
  });

  it.each([
    ['DependencyError', new DependencyError('first', { jobId: '1.0' }, { cause: 1 })],
    ['CancelledError', new CancelledError('given up')],
  ])('is passed on as it is, if the program has left a %s there', async (_name, error) => {
    const reader = readerOf(await jobSetWith({ thrown: encodeThrown(error) }));
    // One for all of a chunk.
    for (const name of ['3', '3.5']) {
      const passed = await seen(await thrownBy(reader.read(name)));
      expect(passed).toBeInstanceOf(error.constructor);
      expect([(passed as Error).message, (passed as Error).cause]).toEqual([error.message, error.cause]);
    }
  });

  it('is not read if another user could have written it, or it is a link', async () => {
    const directory = await jobSetWith({ primitive: 7 });
    const file = resultFile(directory, CALL);
    chmodSync(file, 0o666);
    expect(await thrownBy(readerOf(directory).read('3'))).toBeInstanceOf(OwnershipError);
    chmodSync(file, 0o600);
    renameSync(file, `${file}.moved`);
    symlinkSync(`${file}.moved`, file);
    expect(await thrownBy(readerOf(directory).read('3'))).toBeInstanceOf(OwnershipError);
  });

  it('is told to be missing where an outcome is empty', async () => {
    const reader = readerOf(await jobSetWith());
    expect(await thrownBy(reader.read('3'))).toBeInstanceOf(PayloadError);
  });
});
