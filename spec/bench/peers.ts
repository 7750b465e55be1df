import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bench } from './row.ts';

/** The milliseconds that peers need for some empty calls, by name: of those whose checkouts are given. */
export function peerCalls({ peers, directory }: Bench, calls: number): Record<string, number> {
  const measured: Record<string, number> = {};
  for (const [name, script] of Object.entries(SCRIPTS)) {
    const checkout = peers[name as keyof typeof SCRIPTS];
    if (checkout !== undefined) measured[name] = run(script, checkout, directory, calls);
  }
  return measured;
}

const SCRIPTS = { clusterfutures: 'clusterfutures_calls.py', htmap: 'htmap_components.py' };

/** Packages that the peers need, such as cloudpickle, may be in a directory of their own: what `pip install --target` makes. */
const PACKAGES = process.env['CONDOR_FUTURES_PEER_PACKAGES'];

function run(script: string, checkout: string, directory: string, calls: number): number {
  const cwd = mkdtempSync(join(directory, 'peer-'));
  const path = PACKAGES === undefined ? [checkout] : [checkout, PACKAGES];
  // clusterfutures gives its jobs no environment, but Python looks into their current directory too.
  for (const each of path) for (const name of readdirSync(each)) link(join(each, name), join(cwd, name));
  const file = fileURLToPath(new URL(`peers/${script}`, import.meta.url));
  const output = execFileSync('python3', [file, String(calls)], {
    cwd,
    env: {
      ...process.env,
      PYTHONPATH: path.join(delimiter),
      HTMAP_DIR: join(cwd, '.htmap'),
      HTMAP_DELIVERY_METHOD: 'assume',
    },
    encoding: 'utf8',
  });
  return Number(output.trim().split('\n').at(-1)) * 1000;
}

/** What both have, such as a README, is of no use here. */
function link(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch {
    // The first one stays.
  }
}
