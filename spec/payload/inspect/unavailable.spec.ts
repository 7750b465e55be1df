import { describe, expect, it } from '@jest/globals';
import { runInspecting } from './run-inspecting.ts';

const TRY = `
  const attempt = () => { try { look(() => ran); return 'ok'; } catch (error) { return [error instanceof InspectorUnavailableError, error.message]; } };
  print([isInspectorAvailable(), attempt(), attempt()]);
`;

describe('Without an inspector', () => {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';

  it('an error says that there is none', () => {
    const [[isAvailable, first, second]] = runInspecting(TRY, permission, '--allow-fs-read=*') as [unknown[]];
    expect(isAvailable).toBe(false);
    expect(first).toEqual([true, expect.stringContaining('The inspector cannot be used here')]);
    expect(second).toEqual(first);
  });

  it('nothing else is lost: it is asked for at the first use only', () => {
    expect(runInspecting('print(Object.keys(rules).length);', permission, '--allow-fs-read=*')).toEqual([4]);
    const [loaded] = runInspecting(`print(process.moduleLoadList.includes('NativeModule inspector'));`);
    expect(loaded).toBe(false);
  });

  it('an error says that the global object cannot be extended, where that is so', () => {
    const [[isAvailable, attempt]] = runInspecting(`Object.preventExtensions(globalThis); ${TRY}`) as [
      unknown[],
    ];
    expect([isAvailable, attempt]).toEqual([
      true,
      [true, 'The global object of this process cannot be extended'],
    ]);
  });
});
