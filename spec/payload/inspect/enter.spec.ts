import { describe, expect, it } from '@jest/globals';
import { enterRules } from '../../../lib/payload/capture/lexical.ts';
import { evaluateInside, type Entered, type EnterRules } from '../../../lib/payload/inspect/enter.ts';
import { withDebugger } from '../../../lib/payload/inspect/session.ts';
import { shapeOfText } from '../analysis/shape-of-text.ts';
import { runInspecting } from './run-inspecting.ts';

const PLAIN: EnterRules = {
  plainParameters: true,
  certainEntry: true,
  unsafeToEnter: false,
  isClass: false,
};

function enter(fn: Function, expression = 'this', rules: Partial<EnterRules> = {}): Entered {
  return evaluateInside(fn, expression, { ...PLAIN, ...rules });
}

/** Functions of each kind, with the `this` around them; each tells that its code ran by calling `run`. */
class Maker {
  readonly around = this;

  arrows(run: () => unknown): Function[] {
    return [
      () => (run(), this),
      () => {
        run();
        return this;
      },
      async () => {
        await run();
        return this;
      },
      () => {
        for (const item of [run(), this]) return item;
        return undefined;
      },
      (a: unknown, b: unknown) => {
        if (run() === a) return b;
        return this;
      },
    ];
  }

  withParameters(run: () => unknown): Function[] {
    return [
      (a = run()) => [run(), a, this],
      ({ a, ...b }: { a: unknown }) => [run(), a, b, this],
      ([a = run(), ...b]: unknown[]) => [run(), a, b, this],
      (...a: unknown[]) => [run(), a, this],
      (a: unknown, { b: { c = run() } = { c: run() } } = {}, d = () => run()) => [run(), a, c, d, this],
    ];
  }
}

// Turning the debugger on takes a second in a process of jest, with all its scripts: most tests do it once for all they enter.
describe('evaluateInside', () => {
  it('gives the `this` around an arrow function, of which nothing runs', () => {
    let ran = 0;
    const maker = new Maker();
    for (const fn of maker.arrows(() => void (ran += 1))) {
      const entered = enter(fn);
      expect(entered.ok && entered.value).toBe(maker);
    }
    expect(ran).toBe(0);
  });

  it('evaluates no default value, and takes no pattern for an obstacle', () =>
    withDebugger(() => {
      let ran = 0;
      const maker = new Maker();
      for (const fn of maker.withParameters(() => (ran += 1))) {
        const entered = enter(fn, 'this', { plainParameters: false, certainEntry: false });
        expect(entered.ok && entered.value).toBe(maker);
      }
      expect(ran).toBe(0);
    }));

  it('gives functions that read and assign the variables which a function sees', () =>
    withDebugger(() => {
      let seen = 1;
      let ran = 0;
      const functions = [
        () => [(ran += 1), seen],
        async () => [(ran += 1), seen],
        function plain() {
          return [(ran += 1), seen];
        },
        function* generator() {
          yield [(ran += 1), seen];
        },
        async function* asyncGenerator() {
          yield [(ran += 1), seen];
        },
        Object.getOwnPropertyDescriptor(
          {
            get getter() {
              return [(ran += 1), seen];
            },
          },
          'getter',
        )?.get as Function,
        Object.getOwnPropertyDescriptor(
          {
            set setter(value: number) {
              ran += value + seen;
            },
          },
          'setter',
        )?.set as Function,
      ];
      for (const fn of functions) {
        const entered = enter(fn, '({ get: () => [seen], set: (value) => { seen = value; } })');
        if (!entered.ok) throw new Error(entered.why);
        const { get, set } = entered.value as { get: () => unknown[]; set: (value: unknown) => void };
        seen = 2;
        expect(get()).toEqual([2]);
        set(3);
        expect(seen).toBe(3);
      }
      expect(ran).toBe(0);
    }));

  it('reads private names, `new.target` and `arguments`', () =>
    withDebugger(() => {
      class Private {
        #name = 'x';
        read = (): string => this.#name;
      }
      const entered = enter(new Private().read, '(object) => object.#name');
      expect(entered.ok && (entered.value as (object: Private) => string)(new Private())).toBe('x');

      function Constructed(this: { arrow: unknown }): void {
        this.arrow = () => [new.target, arguments];
      }
      const { arrow } = Reflect.construct(Constructed, [7]) as { arrow: Function };
      expect(enter(arrow, 'new.target')).toEqual({ ok: true, value: Constructed });
      const around = enter(arrow, 'arguments');
      expect(around.ok && (around.value as ArrayLike<number>)[0]).toBe(7);
    }));

  it('says why, and runs nothing, where the expression does not compile or throws', () =>
    withDebugger(() => {
      let ran = 0;
      const early = (): number => (ran += late);
      const arrow = (): unknown => [(ran += 1), this];
      const whys = ['super.x', '(', 'await 1', 'object.#name', 'nowhere'].map((text) => enter(arrow, text));
      expect(whys.map((entered) => entered.ok || entered.why.replace(/: .*/, ''))).toEqual([
        'SyntaxError',
        'SyntaxError',
        'SyntaxError',
        'SyntaxError',
        'ReferenceError',
      ]);
      expect(enter(early, 'late')).toMatchObject({
        ok: false,
        why: expect.stringContaining('ReferenceError'),
      });
      const late = 1;
      expect(ran).toBe(0);
    }));

  it('refuses what cannot be called or is not to be called', () => {
    const whyNot = (fn: Function, rules: Partial<EnterRules> = {}): string | true => {
      const entered = enter(fn, 'this', rules);
      return entered.ok || entered.why;
    };
    expect(whyNot(Maker)).toBe('it is a class');
    expect(whyNot(() => 1, { isClass: true })).toBe('it is a class');
    expect(whyNot(Math.max)).toBe('it is a native or a bound function');
    expect(whyNot(whyNot.bind(null))).toBe('it is a native or a bound function');
    expect(whyNot(new Proxy(() => 1, {}))).toBe('it is a Proxy');
    expect(whyNot(() => 1, { unsafeToEnter: true })).toMatch(/^it begins with a class/);
    expect(whyNot(EventTarget.prototype.addEventListener)).toBe('it is a part of Node.js');
    const within = new Function('object', 'with (object) { return () => this }') as (
      object: object,
    ) => Function;
    const all = new Proxy({}, { has: (_target, name) => name !== 'undefined' });
    expect(whyNot(within(all))).toBe('it is within a `with` statement');
  });

  it('does not take a method named `class` for one', () => {
    const { class: method } = {
      class() {
        return 1;
      },
    };
    expect(enter(method, '1')).toEqual({ ok: true, value: 1 });
  });

  it('stops short functions wherever they begin, and refuses long ones, where V8 may mistake the beginning', () => {
    let ran = 0;
    const statements = (count: number): Function =>
      new Function('run', `return (a) => { run(); while (a?.b) run(); ${'run();'.repeat(count)} }`)(
        () => (ran += 1),
      ) as Function;
    expect(enter(statements(5), '1', { certainEntry: false })).toEqual({ ok: true, value: 1 });
    const { certainEntry: _, ...rules } = PLAIN;
    expect(evaluateInside(statements(5), '1', rules)).toEqual({ ok: true, value: 1 });
    expect(enter(statements(100), '1', { certainEntry: false })).toEqual({
      ok: false,
      why: 'it is too long to tell where it begins',
    });
    expect(enter(statements(100).bind(null), '1')).toMatchObject({ ok: false });
    expect(ran).toBe(0);
  });

  it.each([
    '(a) => { run(); #',
    '(a) => { if (a?.b) run(); else run(2); #',
    '(a) =>\n{\n while (a?.b) run(); if (a) { run() } #',
    '(a) => { for (; a?.b;) run(); let b = run(), c; #',
    'async (a = run()) => { try { for (let i = run(); i < 1;) # } finally { run() } ',
    '({ a = run(), ["b"]: b = run() }, ...c) => { var x; function g() {} return run(); #',
    'function () { do { run() } while (this?.a); if (1) run(); run(3); #',
    'function* (a) { if (1) run(2); const { b = run() } = run(); #',
    'async function* (a) { for await (const x of run()) run(); yield run(); #',
    'async (a) => { await run(); #',
    '(a) => { switch (run()) { case run(): run() } return run(2); #',
    '() => { for (const x of run?.()) run(); for (const k in run?.()) run(); throw run(); #',
  ])('stops a long function that begins with it: %s', (begin) => {
    let ran = 0;
    const text = `${begin.replace('#', `{ ${'run();\n'.repeat(100)} }`)} }`;
    const fn = new Function('run', `return ${text}`)(() => (ran += 1)) as Function;
    expect(evaluateInside(fn, '1', enterRules(shapeOfText(fn.toString())))).toEqual({ ok: true, value: 1 });
    expect(ran).toBe(0);
  });

  it('leaves nothing on the global objects, of other realms neither', () => {
    const [left] = runInspecting(`
      const { createContext, runInContext } = await import('node:vm');
      const context = createContext({ self });
      const fn = runInContext('(function () { return () => { globalThis.ran = true; return this; }; }).call(self)', context);
      const before = Reflect.ownKeys(globalThis).length;
      print([enter(fn).value === self, Reflect.ownKeys(context), Reflect.ownKeys(globalThis).length - before]);
    `);
    expect(left).toEqual([true, ['self'], 0]);
  });

  it('works with options of Node.js that change how code runs', () => {
    expect(runInspecting('print(entered());', '--jitless')).toEqual([true]);
    expect(runInspecting('print(entered());', '--disallow-code-generation-from-strings')).toEqual([true]);
    expect(runInspecting('print(entered());', '--stack-size=300')).toEqual([true]);
    expect(runInspecting('print(entered());', '--frozen-intrinsics')).toEqual([true]);
  });
});
