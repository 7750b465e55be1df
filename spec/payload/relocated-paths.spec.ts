import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { hereOf, moved, moveIn } from '../../lib/payload/relocated-paths.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const parent = realpathSync(temporaryDirectory());

describe('A file of a program that lies elsewhere', () => {
  it.each([
    ['/home/me/sim/lib/a.js', '/scratch/p/lib/a.js'],
    ['/home/me/sim', '/scratch/p'],
    ['/home/me/sim/', '/scratch/p/'],
    ['file:///home/me/sim/lib/a.js', 'file:///scratch/p/lib/a.js'],
    ['file:///home/me/sim/na%C3%AFve%20%23.js', 'file:///scratch/p/na%C3%AFve%20%23.js'],
    ['/home/me/simulation/a.js', '/home/me/simulation/a.js'],
    ['file:///home/me/a%20b.js', 'file:///home/me/a%20b.js'],
    ['sim/a.js', 'sim/a.js'],
  ])('%s is found as %s', (file, found) => {
    expect(moved(file, '/home/me/sim', '/scratch/p')).toBe(found);
  });

  it('is found once, also where it lies below where the program runs', () => {
    const move = { there: '/home/me/sim', here: '/home/me/sim/.condor-futures/bundles/f00' };
    expect(hereOf('/home/me/sim/a.js', move)).toBe(`${move.here}/a.js`);
    expect(hereOf(`${move.here}/a.js`, move)).toBe(`${move.here}/a.js`);
    expect(hereOf(`file://${move.here}/a.js`, move)).toBe(`file://${move.here}/a.js`);
  });

  it('is where the environment says, by its real path', () => {
    mkdirSync(join(parent, 'real'));
    symlinkSync('real', join(parent, 'link'));
    const environment = {
      CONDOR_FUTURES_MOVED_FROM: '/home/me',
      CONDOR_FUTURES_MOVED_TO: join(parent, 'link'),
    };
    expect(moveIn(environment)).toEqual({ there: '/home/me', here: join(parent, 'real') });
    expect(moveIn({ ...environment, CONDOR_FUTURES_MOVED_TO: '/nonesuch' })?.here).toBe('/nonesuch');
  });

  it('is where it always is without that', () => {
    expect(moveIn({})).toBeUndefined();
    expect(moveIn({ CONDOR_FUTURES_MOVED_FROM: '/home/me' })).toBeUndefined();
  });
});
