// A program in any language: the call starts it, waits for it, and makes of its output what the caller wants.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openFromCommandLine } from '../command-line.ts';

await using executor = openFromCommandLine();

async function checksum(text: string): Promise<number> {
  // Jobs on HTCondor have no PATH unless you give them one, so name programs by their paths.
  const run = promisify(execFile);
  const { stdout } = await run('/bin/sh', ['-c', 'printf %s "$1" | /usr/bin/cksum', 'sh', text]);
  return Number(stdout.split(' ')[0]);
}

const map = await executor.createMap(checksum, ['gold', 'iron']);
for await (const value of map) console.log(value);

await map.remove();
