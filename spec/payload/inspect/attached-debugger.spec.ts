import { describe, expect, it } from '@jest/globals';
import { runInspecting } from './run-inspecting.ts';

/** A debugger in another thread, as a client of \`--inspect\` is: it pauses at exceptions, \`debugger\`, and in functions named. */
const ATTACH = `
  const { Worker } = await import('node:worker_threads');
  const debuggerThread = new Worker(\`
    const { parentPort } = require('node:worker_threads');
    const { Session } = require('node:inspector/promises');
    const session = new Session();
    session.connectToMainThread();
    let pauses = [];
    session.on('Debugger.paused', async ({ params: { reason, callFrames: [frame] } }) => {
      const pause = [reason, frame.functionName];
      pauses.push(pause);
      if (frame.functionName === 'evaluate') {
        const { result } = await session.post('Debugger.evaluateOnCallFrame', {
          callFrameId: frame.callFrameId, expression: 'isEntered()', returnByValue: true });
        pause.push(result.value);
      }
      await session.post('Debugger.resume');
    });
    parentPort.on('message', async (breakpoints) => {
      for (const [expression, condition] of breakpoints) {
        const { result } = await session.post('Runtime.evaluate', { expression });
        await session.post('Debugger.setBreakpointOnFunctionCall', { objectId: result.objectId, condition });
      }
      parentPort.postMessage(pauses);
      pauses = [];
    });
    (async () => {
      await session.post('Debugger.enable');
      await session.post('Debugger.setPauseOnExceptions', { state: 'all' });
      parentPort.postMessage('attached');
    })();
  \`, { eval: true, execArgv: [] });
  const answer = () => new Promise((resolve) => debuggerThread.once('message', resolve));
  await answer();
  const breakAndTell = async (...breakpoints) => { debuggerThread.postMessage(breakpoints); return answer(); };
`;

describe('A debugger that is attached', () => {
  it('is not paused, and pauses as before at what it is to pause at', () => {
    const [during, afterwards] = runInspecting(`${ATTACH}
      globalThis.stop = function stop() { return 1; };
      await breakAndTell(['stop']);
      for (let count = 0; count < 5; count += 1) if (!entered()) throw new Error('wrong');
      switch (entered()) { case true: { let a = 1; (() => a)(); } }
      print(await breakAndTell());
      stop();
      try { throw new Error('expected'); } catch {}
      print(await breakAndTell());
      process.exit();
    `);
    expect(during).toEqual([]);
    expect(afterwards).toEqual([
      ['other', 'stop'],
      ['exception', ''],
    ]);
  });

  it('pauses once in a function that it has a breakpoint in, of which nothing runs', () => {
    const [isRight, pauses, runs] = runInspecting(`${ATTACH}
      globalThis.arrow = arrow;
      await breakAndTell(['arrow']);
      print(entered());
      print(await breakAndTell());
      print(ran);
      process.exit();
    `);
    expect([isRight, runs]).toEqual([true, 0]);
    expect(pauses).toHaveLength(1);
  });

  it('gets a refusal where it evaluates an expression itself, as no breakpoint holds then', () => {
    const [pauses, inCondition, runs, later] = runInspecting(`${ATTACH}
      const results = [];
      globalThis.isEntered = () => { const { ok, why } = enter(arrow); results.push(why ?? ok); return why; };
      globalThis.conditional = function conditional() { return 1; };
      (function evaluate() { debugger; })();
      print(await breakAndTell(['conditional', 'isEntered(), false']));
      conditional();
      print(results);
      print(ran);
      print(entered());
      process.exit();
    `);
    const why = 'functions cannot be stopped here at their beginning';
    expect(pauses).toEqual([['other', 'evaluate', why]]);
    expect([inCondition, runs, later]).toEqual([[why, why], 0, true]);
  });
});

describe('What watches a program', () => {
  it('goes on: coverage counts what ran before and afterwards', () => {
    const [counts] = runInspecting(`
      const { Session } = await import('node:inspector/promises');
      const session = new Session();
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
      globalThis.counted = new Function('return function counted() { return 1 } //# sourceURL=counted.js')();
      counted();
      if (!enter(counted, '1').ok) throw new Error('wrong');
      counted();
      const { result } = await session.post('Profiler.takePreciseCoverage');
      const { functions } = result.find(({ url }) => url === 'counted.js');
      print(functions.find(({ functionName }) => functionName === 'counted').ranges[0].count);
    `);
    // It was called when it was stopped, too.
    expect(counts).toBe(3);
  });
});
