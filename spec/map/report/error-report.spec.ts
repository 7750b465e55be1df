import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JobOutOfMemoryError } from '../../../lib/base/job-errors.ts';
import { LocalExecutor } from '../../../lib/executors/local-executor.ts';
import { formatErrorReport, type Failure } from '../../../lib/map/report/error-report.ts';
import { Gate, passGate } from '../../support/gate.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';

const directory = temporaryDirectory();

const FAILURE: Failure = {
  tag: 'first-try',
  component: 3,
  error: new RangeError('three'),
  attempts: 1,
  jobId: '12.3',
  host: 'node7',
  run: undefined,
  scene: undefined,
  stderr: '',
};

describe('formatErrorReport()', () => {
  it('tells of a job that died what is known of it, once', () => {
    const error = new JobOutOfMemoryError('Job 12.3 was held: too much', {
      jobId: '12.3',
      host: 'node7',
      attempts: 2,
      memoryUsed: 3 * 1024 ** 3,
      memoryRequested: 2 * 1024 ** 3,
      stderrTail: 'almost there',
      stderrFile: '/jobs/3.err',
      limit: 'job',
      holdReason: 'too much',
      holdReasonCode: 34,
    });
    expect(formatErrorReport({ ...FAILURE, error, attempts: 2 }).split('\n')).toEqual([
      'Component 3 of map first-try failed',
      '  job        12.3, attempt 2',
      '  host       node7',
      '  hold code  34',
      '  memory     used 3.0 GiB, had asked for 2.0 GiB',
      '  stderr     /jobs/3.err',
      '',
      'JobOutOfMemoryError: Job 12.3 was held: too much',
      '',
      'The end of its stderr:',
      '  almost there',
    ]);
  });

  it('shows causes, errors of errors and properties, and never goes round in circles', () => {
    const inner = Object.assign(new Error('inner'), { code: 'EINNER' });
    const error = new AggregateError([new TypeError('first')], 'all of them', { cause: inner });
    inner.cause = error;
    const report = formatErrorReport({ ...FAILURE, error });
    expect(report).toMatch(/^AggregateError: all of them$/m);
    expect(report).toMatch(/^Caused by: Error: inner$/m);
    expect(report).toContain("{ code: 'EINNER' }");
    expect(report).toMatch(/^One of its errors: TypeError: first$/m);
    expect(report.match(/all of them/g)).toHaveLength(1);
  });

  it('shows what is no Error, and the last lines of stderr', () => {
    const stderr = Array.from({ length: 30 }, (_, n) => `line ${n}`).join('\n');
    const report = formatErrorReport({ ...FAILURE, error: { reason: 7 }, stderr });
    expect(report).toContain('It threw what is no Error: { reason: 7 }');
    expect(report).not.toContain('line 9\n');
    expect(report).toMatch(/ {2}line 10\n[^]* {2}line 29$/);
  });
});

describe('A map', () => {
  let executor: LocalExecutor;
  beforeAll(() => {
    executor = new LocalExecutor({ directory, maxWorkers: 4 });
  });
  afterAll(async () => executor.shutdown({ cancelFutures: true }));

  it('reports the errors that there are by now, with the source beside the stack', async () => {
    const gate = new Gate(directory);
    const limit = 2;
    const call = async (n: number): Promise<number> => {
      if (n === limit) {
        console.error('this is too much');
        throw new RangeError(`more than ${limit - 1}`, { cause: new Error('it was asked for') });
      }
      if (n === 3) process.kill(process.pid, 'SIGKILL');
      return n === 4 ? passGate(gate.file, n) : n;
    };
    const map = await executor.createMap(call, [1, 2, 3, 4], { tag: 'reported' });
    await Promise.all([0, 1, 2].map(async (index) => map.error(index)));
    const reports: string[] = [];
    for await (const report of map.errorReports()) reports.push(report);
    expect(reports).toHaveLength(2);
    const [thrown = '', died = ''] = reports;
    expect(thrown).toMatch(/^Component 1 of map reported failed\n/);
    expect(thrown).toMatch(/> +\d+ \| +throw new RangeError\(`more than/);
    expect(thrown).toMatch(/^Caused by: Error: it was asked for$/m);
    expect(thrown).toContain(`node       ${process.version}, condor-futures `);
    expect(thrown).toContain(`directory  ${process.cwd()}, where there were `);
    expect(thrown).toContain(' package.json ');
    expect(thrown).toMatch(/The end of its stderr:\n {2}this is too much$/);
    expect(thrown).not.toContain('runner-code.js');
    expect(died).toMatch(/^Component 2 of map reported failed\n/);
    expect(died).toMatch(/^ {2}signal +9$/m);
    expect(died).toMatch(/^JobKilledError: /m);
    expect(await thrownBy(map.errorReport(0))).toMatchObject({
      name: 'ComponentStateError',
      components: [0],
    });
    expect(await thrownBy(map.errorReport(4))).toMatchObject({ name: 'RangeError' });
    gate.open();
    await map.wait({ errorsOk: true });
  });

  it('reports of a directory with many files a hundred', async () => {
    const { file } = new Gate(directory);
    const crowd = async (path: string): Promise<void> => {
      const { mkdirSync, writeFileSync } = await import('node:fs');
      mkdirSync(path);
      for (let n = 0; n < 150; n += 1) writeFileSync(`${path}/file-${String(n).padStart(3, '0')}`, '');
      process.chdir(path);
      throw Object.defineProperty(new Error('crowded'), 'cause', {
        get: () => {
          throw new Error('no cause for you');
        },
      });
    };
    const map = await executor.createMap(crowd, [file]);
    await map.wait({ errorsOk: true });
    expect(existsSync(file)).toBe(true);
    // What cannot be recorded is left out; the error is there all the same.
    expect(await map.error(0)).toMatchObject({ message: 'crowded' });
    const plain = await executor.createMap(
      async (path: string) => {
        process.chdir(path);
        throw new Error('crowded');
      },
      [file],
    );
    await plain.wait({ errorsOk: true });
    const report = await plain.errorReport(0);
    expect(report).toContain('file-099 and 50 more');
    expect(report).not.toContain('file-100');
  });
});
