import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

describe('V8', () => {
  it('agrees on where functions are, what they capture, and how the members of classes print', () => {
    const program = fileURLToPath(new URL('./compare-with-v8.ts', import.meta.url));
    const printed = execFileSync(process.execPath, ['--import', 'tsx', program], {
      env: process.env,
      encoding: 'utf8',
    });
    expect(JSON.parse(printed)).toEqual([]);
  });
});
