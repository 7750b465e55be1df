// A long call that goes on where it was when its process is killed.
import { checkpoint, currentJob, progress } from 'condor-futures/job';
import { openFromCommandLine } from './command-line.ts';

interface State {
  terms: number;
  sum: number;
}

/** Adds 4/1 - 4/3 + 4/5 - 4/7 … */
async function leibniz(terms: number): Promise<string> {
  const state = (await checkpoint.load<State>()) ?? { terms: 0, sum: 0 };
  const found = state.terms;
  // When the job is told to leave its machine: the process ends once this is saved, and the job begins
  // elsewhere.
  currentJob()?.signal.addEventListener('abort', () => void checkpoint.save(state));
  while (state.terms < terms) {
    state.sum += (state.terms % 2 === 0 ? 4 : -4) / (2 * state.terms + 1);
    state.terms += 1;
    if (state.terms % 100_000 > 0) continue;
    progress(state.terms / terms);
    await checkpoint.save(state);
    // In the place of a machine that fails, which tells nobody.
    if (state.terms === 300_000) process.kill(process.pid, 'SIGKILL');
  }
  return `Attempt ${currentJob()?.attempt} went on after ${found} terms, and pi is ${state.sum.toFixed(5)}`;
}

await using executor = openFromCommandLine();

console.log(await executor.with({ retries: 1 }).submit(leibniz, 1_000_000));
