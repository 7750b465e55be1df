import { existsSync, readFileSync } from 'node:fs';
import type { Executor } from '../../lib/futures/executor.ts';
import type { Future } from '../../lib/futures/future.ts';
import { Gate, passGate } from './gate.ts';

/** A call that waits at a gate, and notes each time that it is run. */
export interface CountedCall {
  readonly gate: Gate;
  readonly future: Future<string>;
  /** The pids of its processes, one for each run. */
  runs(): number[];
}

export function countedCall(executor: Executor, directory: string): CountedCall {
  const gate = new Gate(directory);
  const file = `${gate.file}.runs`;
  const future = executor.submit(runAndPass, file, gate.file);
  const runs = (): number[] =>
    existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
  return { gate, future, runs };
}

async function runAndPass(runs: string, gate: string): Promise<string> {
  const { appendFileSync } = await import('node:fs');
  appendFileSync(runs, `${process.pid}\n`);
  return passGate(gate, 'passed');
}
