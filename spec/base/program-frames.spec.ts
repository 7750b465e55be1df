import { describe, expect, it } from '@jest/globals';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  linesOf,
  noteCaller,
  showCaller,
  withFramesOfProgram,
  withoutOwnFrames,
} from '../../lib/base/program-frames.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const OWN = `    at make (file://${ROOT}/dist/payload/make.js:1:2)`;
const OWN_IN_SOURCE = `    at make (${ROOT}/lib/payload/make.ts:1:2)`;
const USER = '    at simulate (/home/me/sim.mjs:3:4)';
const NODE = '    at process.emit (node:events:524:28)';
const NATIVE = '    at JSON.parse (<anonymous>)';

const stackOf = (...frames: string[]): string => ['Error: no', ...frames].join('\n');
const shown = (...frames: string[]): string => withoutOwnFrames(stackOf(...frames), 'no');

describe('Stacks that are shown to users', () => {
  it('have no frames of this library, whether compiled or named by source maps', () => {
    expect(shown(USER, OWN, OWN_IN_SOURCE)).toBe(stackOf(USER));
    expect(shown(OWN, USER)).toBe(stackOf(USER));
  });

  it('have no frames of Node that this library called, or that called it', () => {
    expect(shown(OWN, NODE, NODE, USER, NODE, OWN)).toBe(stackOf(USER));
    expect(shown(OWN, NODE)).toBe(stackOf());
  });

  it('say what in Node or JavaScript threw the error', () => {
    expect(shown(NATIVE, USER, OWN)).toBe(stackOf(NATIVE, USER));
    expect(shown(NATIVE, OWN)).toBe(stackOf(NATIVE));
  });

  it('stay as they are where the program and Node alone are in them', () => {
    for (const frames of [
      [USER],
      [NATIVE, USER, NODE],
      [NODE],
      ['    at async Promise.all (index 0)', USER, NODE, USER],
    ])
      expect(shown(...frames)).toBe(stackOf(...frames));
    expect(withoutOwnFrames('no frames', 'no')).toBe('no frames');
  });

  it('keep messages that quote other stacks', () => {
    const message = `told:\n${OWN}`;
    expect(withoutOwnFrames(`Error: ${message}\n${OWN}\n${USER}`, message)).toBe(
      `Error: ${message}\n${USER}`,
    );
  });

  it('reach down to the program, however deep in this library an error is made', () => {
    const deep = (count: number): Error =>
      count === 0 ? withFramesOfProgram(() => new Error('no')) : deep(count - 1);
    const { stack } = deep(20);
    expect(stack?.split('\n')).toHaveLength(11);
    expect(stack).toMatch(/^Error: no\n {4}at .*program-frames\.spec\.ts:\d+:\d+\n {4}at deep \(/);
    expect(stack).not.toContain('/lib/');
  });

  it('say where the program called, and leave the limit of stacks as it was', () => {
    const submit = (): string => linesOf(noteCaller());
    const limit = Error.stackTraceLimit;
    const callIt = (): string => submit();
    expect(callIt()).toMatch(/^\n {4}at callIt \(.*program-frames\.spec\.ts:\d+:\d+\)$/);
    expect(Error.stackTraceLimit).toBe(limit);
    expect(linesOf(undefined)).toBe('');
  });

  it('show that place for errors that were made later', () => {
    const submit = (): ReturnType<typeof noteCaller> => noteCaller();
    const error = new Error('no');
    error.stack = stackOf(OWN, NODE);
    const callIt = (): void => showCaller(error, submit());
    callIt();
    expect(error.stack).toMatch(/^Error: no\n {4}at callIt \(.*program-frames\.spec\.ts:\d+:\d+\)$/);
    showCaller(error, undefined);
    expect(error.stack).toContain('callIt');
  });
});
