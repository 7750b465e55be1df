import { describe, expect, it } from '@jest/globals';
import { inWorker, runInspecting } from './run-inspecting.ts';

/** Statements that must do the same with a call of `entered` anywhere in them. */
const CALLERS = {
  'a switch': `switch (entered()) { case true: { let a = 1; note(() => a); } }`,
  'a loop': `for (const a of [entered(), entered()]) { note(() => a); entered(); } for (let a = entered(); a; a = !entered()) note(() => a);`,
  'try and finally': `
    const giveUp = () => { try { entered(); throw new Error('up'); } catch { entered(); note(1); return entered(); } finally { entered(); note(2); } };
    note(giveUp());`,
  accessors: `
    const object = { get a() { entered(); return 1; }, set a(value) { note(entered()); }, toJSON() { entered(); return 2; } };
    object.a = object.a; note(JSON.stringify(object));`,
  'traps of a Proxy': `const proxy = new Proxy({}, { get: () => entered(), has: () => entered() }); note([proxy.a, 'a' in proxy]);`,
  callbacks: `
    note([3, 1, 2].sort((a, b) => { entered(); return a - b; })); note('ab'.replace(/./g, () => entered()));
    note(JSON.parse('[1]', (_, value) => { entered(); return value; }));`,
  'a class': `
    class A extends (entered(), Object) { static a = entered(); static { entered(); note(this.a); } [(entered(), 'b')] = entered(); constructor() { entered(); super(); note(this.b); } }
    new A();`,
  generators: `
    function* values() { try { entered(); yield 1; entered(); yield 2; } finally { entered(); note(3); } }
    for (const value of values()) { entered(); note(value); }`,
  'eval and new Function': `eval('entered(); note(1)'); note(new Function('return entered()')());`,
  'vm with a timeout': `note(runInThisContext('entered(); try { entered() } finally { note(entered()) }', { timeout: 60_000 }));`,
  'await and promise jobs': `
    await null; note(entered()); await Promise.all([1, 2].map(async (a) => { await null; entered(); note(a); }));
    for await (const value of (async function* () { entered(); yield 1; await null; entered(); yield 2; })()) note(value);`,
  'timers and ticks': `
    for (const later of [setImmediate, queueMicrotask, process.nextTick, setTimeout]) await new Promise((resolve) => later(() => { note(entered()); resolve(); }));`,
  AsyncLocalStorage: `await storage.run(5, async () => { entered(); await null; entered(); note(storage.getStore()); });`,
  'a deep stack': `const deep = (depth) => (depth === 0 ? entered() : deep(depth - 1)); note(deep(3000));`,
};

function programOf(entered: string): string {
  return `
    const { runInThisContext } = await import('node:vm');
    const { AsyncLocalStorage } = await import('node:async_hooks');
    const storage = new AsyncLocalStorage();
    const noted = {};
    let notes;
    const note = (value) => notes.push(typeof value === 'function' ? value() : value);
    const isRight = ${entered};
    await (async (entered) => {
      Object.assign(globalThis, { entered, note });
      ${Object.entries(CALLERS)
        .map(([title, code]) => `notes = noted[${JSON.stringify(title)}] = []; {${code}}`)
        .join('\n')}
    })(isRight);
    print(noted);
    print(ran);
  `;
}

describe('Stopping a function at its beginning', () => {
  it('does not stop those who asked for it, wherever they are', () => {
    const [expected] = runInspecting(programOf('() => true'));
    expect(runInspecting(programOf('entered'))).toEqual([expected, 0]);
    expect(runInspecting(inWorker(programOf('entered')))).toEqual([expected, 0]);
  });

  it('does not start anything near the end of the stack', () => {
    const [counts] = runInspecting(`
      entered();
      const counts = { right: 0, refused: 0, wrong: 0 };
      withDebugger(() => {
        const deeper = (depth) => {
          if (depth > 0) return deeper(depth - 1);
          const { ok, value } = enter(arrow);
          counts[ok ? (value === self ? 'right' : 'wrong') : 'refused'] += 1;
        };
        for (let depth = 4000; depth < 14000; depth += 50) try { deeper(depth); } catch (error) { if (!(error instanceof RangeError)) throw error; }
      });
      print({ ...counts, ran, afterwards: entered() });
    `) as [Record<string, number>];
    expect(counts).toMatchObject({ wrong: 0, ran: 0, afterwards: true });
    expect(counts?.right).toBeGreaterThan(0);
    expect(counts?.refused).toBeGreaterThan(0);
  });

  it('cleans up behind a timeout of vm that ends it', () => {
    const [left, works] = runInspecting(`
      const { runInThisContext } = await import('node:vm');
      Object.assign(globalThis, { look, arrow });
      entered();
      const before = Reflect.ownKeys(globalThis).length;
      for (let count = 0; count < 20; count += 1) {
        try { runInThisContext('for (;;) look(arrow)', { timeout: 5 + count }); } catch {}
      }
      await null;
      print(Reflect.ownKeys(globalThis).length - before);
      print(entered());
    `);
    expect([left, works]).toEqual([0, true]);
  });
});
