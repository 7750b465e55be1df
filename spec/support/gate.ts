import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a call waits at until the spec opens it: a file on the shared filesystem. */
export class Gate {
  readonly file: string;

  constructor(directory: string) {
    this.file = join(directory, `gate-${randomUUID()}`);
  }

  /** Whether a call has come to the gate. */
  get reached(): boolean {
    return existsSync(`${this.file}.reached`);
  }

  open(): void {
    writeFileSync(this.file, '');
  }
}

/** To be submitted: returns its second argument once the gate of that file is open, and gives up after four minutes. */
export async function passGate<T>(file: string, value: T): Promise<T> {
  const { existsSync: exists, writeFileSync: write } = await import('node:fs');
  write(`${file}.reached`, '');
  const deadline = Date.now() + 240_000;
  while (!exists(file)) {
    if (Date.now() > deadline) throw new Error('The gate was never opened');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return value;
}
