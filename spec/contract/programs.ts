import { beforeAll, describe, expect, it } from '@jest/globals';
import { runProgram, type ProgramResult } from '../support/run-program.ts';
import type { Subject } from './subject.ts';
import { builtModule } from '../support/built-file.ts';

/** Programs, with what they print. */
const examples: [what: string, source: string, stdout: string][] = [
  [
    'stays alive until its futures are done, without a shutdown, and then ends by itself',
    `executor.submit(() => 'value').addDoneCallback((future) => console.log(future.state));`,
    'finished\n',
  ],
  [
    'stays alive after shutdown({ wait: false }), and then ends by itself',
    `const future = executor.submit(() => 'value');
     executor.shutdown({ wait: false }).then(() => console.log(future.state));
     future.then(console.log);`,
    'pending\nvalue\n',
  ],
  [
    'ends by itself after shutdown',
    `console.log(await executor.submit((x) => x * x, 7));
     await executor.shutdown();
     const left = () => process.getActiveResourcesInfo().filter((name) => /FSEvent|Process/.test(name));
     // The handle of a command that has ended goes within some turns.
     for (let turns = 0; turns < 10 && left().length > 0; turns += 1) await new Promise((resolve) => setImmediate(resolve));
     console.log(left());`,
    '49\n[]\n',
  ],
  [
    'is not ended by failed or cancelled futures that nobody looks at',
    `executor.submit(() => { throw new Error('unseen'); });
     executor.submit(() => process.kill(process.pid, 'SIGKILL'));
     executor.submit((x) => x, () => 1);
     executor.submit(() => 1).cancel();
     const { notDone } = await condorFutures.wait([executor.submit(() => 1)]);
     await executor.shutdown();
     console.log(notDone.size);`,
    '0\n',
  ],
  [
    'ends by itself when the last future is cancelled, and needs no shutdown for that',
    `const future = executor.submit(() => new Promise((resolve) => setTimeout(resolve, 600_000)));
     while (!future.running()) await new Promise((resolve) => setTimeout(resolve, 20));
     console.log(future.cancel());`,
    'true\n',
  ],
  [
    'ends by itself when a future is cancelled while it is being submitted',
    `const future = executor.submit(() => 1);
     for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
     console.log(future.cancel());`,
    'true\n',
  ],
  [
    'may not submit any more while it ends',
    `process.on('exit', () => {
       try { executor.submit(() => 1); } catch (error) { console.log(error.name + ': ' + error.message); }
     });`,
    'ShutdownError: Cannot schedule new futures while the process is ending\n',
  ],
  [
    'has calls that ask for their job, however it has imported that',
    `import { checkpoint, currentJob } from ${JSON.stringify(builtModule('job'))};
     const named = async () => {
       await checkpoint.save('state');
       return [currentJob().attempt, await checkpoint.load()];
     };
     const whole = async () => {
       await condorFutures.checkpoint.save('state');
       return [condorFutures.currentJob().attempt, await condorFutures.checkpoint.load()];
     };
     console.log(await Promise.all([executor.submit(named), executor.submit(whole)]), currentJob());`,
    "[ [ 1, 'state' ], [ 1, 'state' ] ] undefined\n",
  ],
  [
    'may drop the executor',
    `const submit = () => new condorFutures[name](options).submit(() => 'dropped');
     console.log(await submit());`,
    'dropped\n',
  ],
  [
    'needs no timer, watcher or file for each pending future',
    `const wait = () => new Promise((resolve) => setTimeout(resolve, 600_000));
     const futures = Array.from({ length: 200 }, () => executor.submit(wait));
     while (!futures.some((future) => future.running())) await new Promise((resolve) => setTimeout(resolve, 20));
     const handles = process.getActiveResourcesInfo().filter((name) => !name.startsWith('FSReq'));
     console.log(handles.length < 50);
     for (const future of futures) future.cancel();
     await executor.shutdown();`,
    'true\n',
  ],
];

/** How long a program lives that uses the executor. */
export function programs({ name, options }: Subject): void {
  describe('a program', () => {
    const results = new Map<string, ProgramResult>();

    beforeAll(async () => {
      const start = `const name = ${JSON.stringify(name)}; const options = ${JSON.stringify(options)};
        const executor = new condorFutures[name](options);`;
      await Promise.all(
        examples.map(async ([what, source]) => results.set(what, await runProgram(`${start}\n${source}`))),
      );
    });

    it.each(examples)('%s', (what, _source, stdout) => {
      expect(results.get(what)).toEqual({ exitCode: 0, signal: null, stdout, stderr: '' });
    });
  });
}
