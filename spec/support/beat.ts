import { statSync } from 'node:fs';
import { until } from './until.ts';

/** To be submitted: makes the file grow for as long as its process lives, four minutes at the most. */
export async function beat(file: string): Promise<void> {
  const { appendFileSync } = await import('node:fs');
  for (let beats = 0; beats < 12_000; beats += 1) {
    appendFileSync(file, '.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** To be submitted: has a process of its own make the file grow, and returns as soon as it does, or stays. */
export async function beatInChild(file: string, then: 'return' | 'stay'): Promise<void> {
  const { spawn } = await import('node:child_process');
  const { existsSync } = await import('node:fs');
  const loop = 'i=0; while [ $i -lt 2400 ]; do printf . >>"$0"; sleep 0.1; i=$((i + 1)); done';
  spawn('/bin/sh', ['-c', loop, file], { stdio: 'ignore' }).unref();
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
  if (then === 'stay') await new Promise((resolve) => setTimeout(resolve, 240_000));
}

/** Waits until nobody makes the file grow any more. */
export async function untilStill(file: string): Promise<void> {
  let last = -1;
  await until(
    () => {
      const { size } = statSync(file);
      const still = size === last;
      last = size;
      return still;
    },
    { interval: 400 },
  );
}

/** Waits until somebody makes the file grow. */
export async function untilGrowing(file: string): Promise<void> {
  const { size } = statSync(file);
  await until(() => statSync(file).size > size);
}
