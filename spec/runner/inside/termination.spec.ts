import { spawn } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.ts';

const MODULE = new URL('../../../lib/runner/inside/termination.ts', import.meta.url).href;

/** How a process ends that is told to while it runs some code; what it prints. */
async function tell(code: string): Promise<{ how: string; printed: string[] }> {
  const program = `
    const { Termination } = await import(${JSON.stringify(MODULE)});
    let tell;
    const told = new Promise((resolve) => (tell = resolve));
    const onSignal = () => { console.log('begin'); tell(); };
    const termination = new Termination({ signals: ['SIGTERM', 'SIGUSR2'], vacateTime: 5000, onSignal });
    const timer = setTimeout(() => {}, 60_000);
    ${code}
    console.log('ready');
  `;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const ended = new Promise<string>((resolve) =>
    child.on('close', (exitCode, signal) => resolve(signal ?? `exit ${exitCode}`)),
  );
  await until(() => printed.includes('ready'));
  child.kill('SIGTERM');
  return { how: await ended, printed: printed.trim().split('\n') };
}

/** A save that is on the disk after a while. */
const SAVE = `(name) => termination.guard(new Promise((done) => setTimeout(() => { console.log(name); done(); }, 100)))`;

/** A save that is not on the disk before the process is told. */
const SAVE_WHEN_TOLD = `(name) => termination.guard(told.then(() => console.log(name)))`;

describe('A process that is told to end', () => {
  it('ends at once where nobody listens', async () => {
    expect(await tell('')).toEqual({ how: 'SIGTERM', printed: ['ready'] });
  });

  it('ends at once where something was saved, and nothing is being saved', async () => {
    const { how, printed } = await tell(`const save = ${SAVE}; await save('a');`);
    expect({ how, printed }).toEqual({ how: 'SIGTERM', printed: ['a', 'ready', 'begin'] });
  });

  it('ends when all is saved that is being saved', async () => {
    const { how, printed } = await tell(
      `const save = ${SAVE_WHEN_TOLD}; save('a').then(() => console.log('never')); setTimeout(() => save('b'), 50);`,
    );
    expect(how).toBe('SIGTERM');
    expect(printed.slice(0, 2)).toEqual(['ready', 'begin']);
    expect(printed).not.toContain('never');
  });

  it('goes on where somebody listens, until something is saved', async () => {
    const { how, printed } = await tell(`
      const save = ${SAVE};
      const before = save('before').then(() => console.log('goes on'));
      termination.signal.addEventListener('abort', async () => {
        const { name, signal, deadline } = termination.signal.reason;
        console.log(name, signal, deadline - Date.now() > 1000);
        await before;
        await Promise.all([save('a'), save('b')]);
        console.log('never');
      });
    `);
    expect(how).toBe('SIGTERM');
    expect(printed.filter((line) => !['before', 'goes on', 'ready'].includes(line))).toEqual([
      'begin',
      'JobEndingError SIGTERM true',
      'a',
      'b',
    ]);
  });

  it('goes on where saving fails', async () => {
    const { how, printed } = await tell(`
      termination.signal.addEventListener('abort', async () => {
        await termination.guard(Promise.reject(new Error('full'))).catch(({ message }) => console.log(message));
        process.exit(7);
      });
    `);
    expect({ how, printed }).toEqual({ how: 'exit 7', printed: ['ready', 'begin', 'full'] });
  });

  it('is no business of a call that is over', async () => {
    const { how, printed } = await tell(`
      termination.signal.addEventListener('abort', () => console.log('never'));
      termination.end();
    `);
    expect({ how, printed }).toEqual({ how: 'SIGTERM', printed: ['ready'] });
  });

  it('does not end by what is saved where its call is over by then', async () => {
    const { how, printed } = await tell(`
      const save = ${SAVE};
      termination.signal.addEventListener('abort', async () => {
        const saved = save('a');
        termination.end();
        await saved;
        process.exit(8);
      });
    `);
    expect({ how, printed }).toEqual({ how: 'exit 8', printed: ['ready', 'begin', 'a'] });
  });

  it('heeds other signals as well', async () => {
    const { how, printed } = await tell(`
      termination.signal.addEventListener('abort', () => {
        console.log(termination.signal.reason.signal);
        process.exit(9);
      });
      process.once('SIGUSR2', () => console.log('also'));
      process.kill(process.pid, 'SIGUSR2');
    `);
    expect(how).toBe('exit 9');
    expect(printed).toEqual(expect.arrayContaining(['begin', 'SIGUSR2']));
  });
});
