import type { FunctionShape } from '../analysis/function-shape.ts';
import { countLineBreaks, editText } from '../analysis/text.ts';
import {
  type ClassNode,
  type Context,
  type FunctionNode,
  HELPERS,
  type Place,
  type Slot,
  type SourceFile,
} from '../graph.ts';
import { textOf } from '../identities.ts';
import { type FunctionInside, lookInside, type Script, scriptOf } from '../inspect/scopes.ts';
import { InspectorUnavailableError } from '../inspect/session.ts';
import { boundParts } from '../inspect/slots.ts';
import { isNative, type SomeFunction } from '../reference/members.ts';
import { pathOf } from '../reference/module-policy.ts';
import { packageOf } from '../reference/packages.ts';
import { bindingsOf, explicitScope, findVariable } from './bindings.ts';
import { type CodeInfo, ownNumber, ownString, shapeOfFunction } from './code-info.ts';
import { describeClass } from './describe-class.ts';
import { describeFunction } from './describe-function.ts';
import { Files, originalPlace } from './files.ts';
import { stateOf } from './object-state.ts';
import { checkedReference } from './program-effects.ts';
import { homeClassOf } from './private-members.ts';
import { fillPrototype } from './prototypes.ts';
import { Refusal, showPlace } from './refusal.ts';
import { buildContexts } from './shared-scopes.ts';
import type { CaptureSink } from './sink.ts';

/**
 * Captures functions and classes, many at once, because asking the inspector for many costs little more than
 * for one.
 */
export class CodeCapture {
  readonly #sink: CaptureSink;
  /** The number of times that functions were looked into. */
  #looks = 0;
  #pending: { index: number; fn: SomeFunction }[] = [];
  #prototypes: { index: number; ownerIndex: number; owner: object; prototype: object }[] = [];
  /** Functions that use private names of a class that is not known yet. */
  #privateNameUsers: CodeInfo[] = [];
  readonly #infos = new Map<number, CodeInfo>();
  readonly #files = new Files();
  readonly #places = new Map<number, { script: Script | undefined; line: number; column: number }>();
  /** The prototypes of the objects that hold functions, for `super`. */
  readonly #homes = new Map<object, object | null>();
  files: readonly SourceFile[] = [];
  contexts: readonly Context[] = [];
  /** Name of the loader's helpers, which is in no text that is sent. */
  helpers: string = HELPERS;
  /** Captured variables that are properties of the global object. */
  readonly globals: Map<string, Slot> = new Map();

  constructor(sink: CaptureSink) {
    this.#sink = sink;
  }

  add(index: number, fn: object): void {
    this.#pending.push({ index, fn: fn as SomeFunction });
  }

  notePrototype(index: number, ownerIndex: number, owner: object, prototype: object): void {
    this.#prototypes.push({ index, ownerIndex, owner, prototype });
  }

  noteHome(fn: object, object: object): void {
    if (!this.#homes.has(fn)) this.#homes.set(fn, Object.getPrototypeOf(object) as object | null);
  }

  homeOf(fn: object): object | null | undefined {
    return this.#homes.get(fn);
  }

  /** Forgets a function, because the text of its class creates it. */
  drop(index: number): void {
    this.#infos.delete(index);
    this.#pending = this.#pending.filter((pending) => pending.index !== index);
    this.#privateNameUsers = this.#privateNameUsers.filter((info) => info.index !== index);
  }

  /** The position of a function in the file its author wrote, such as `sim.ts:41:18`. */
  placeOf(index: number): string | undefined {
    const place = this.#places.get(index);
    if (place === undefined) return undefined;
    const { url, line, column } = originalPlace(place.script, place.line, place.column);
    return showPlace(url, line, column);
  }

  /** Name of the package that a function is in; undefined for those of the program. */
  packageOf(index: number): string | undefined {
    const path = pathOf(this.#places.get(index)?.script?.url ?? '');
    return path === undefined ? undefined : packageOf(path)?.name;
  }

  infoAt(index: number): CodeInfo | undefined {
    return this.#infos.get(index);
  }

  get infos(): Iterable<CodeInfo> {
    return this.#infos.values();
  }

  /**
   * Captures what is pending.
   * @returns whether anything was pending
   */
  capturePending(): boolean {
    const pending = this.#pending;
    const prototypes = this.#prototypes;
    this.#pending = [];
    this.#prototypes = [];
    this.#capturePlain(pending.filter(({ index, fn }) => !this.#captureSpecial(index, fn)));
    for (const { index, ownerIndex, owner, prototype } of prototypes) {
      const ready = this.#sink.nodes[ownerIndex] !== undefined;
      if (!ready) this.#prototypes.push({ index, ownerIndex, owner, prototype });
      else
        this.#sink.guard(index, () =>
          fillPrototype(this.#sink, index, ownerIndex, owner as SomeFunction, prototype),
        );
    }
    if (pending.length > 0 || prototypes.length > 0) return true;
    return this.#captureHomeClasses();
  }

  /** Finishes the files, globals and contexts that functions share. Call it when nothing is pending. */
  finish(): void {
    for (const info of this.#infos.values()) {
      const node = this.#sink.nodes[info.index] as FunctionNode | ClassNode;
      if (node.kind !== 'function' || !info.shape.lexical.super || info.shape.kind === 'arrow') continue;
      if (node.home === undefined) {
        this.#sink.guard(info.index, () => {
          throw new Refusal(
            'a method that says `super`, without the object or class it belongs to',
            'Submit the object, or wrap the call in an arrow function.',
          );
        });
      }
    }
    this.files = this.#files.finish();
    for (const { bindings } of this.#infos.values()) {
      for (const { scope, name, slot } of bindings) if (scope.type === 'global') this.globals.set(name, slot);
    }
    this.contexts = buildContexts(this.#sink, [...this.#infos.values()]);
    this.#refuseHiddenEval();
    this.#editTexts();
  }

  /** Refuses functions that are evaluated in the body of a class, where a variable hides `eval`. */
  #refuseHiddenEval(): void {
    for (const { index, homeClass } of this.#infos.values()) {
      if (homeClass === undefined) continue;
      let { context } = this.#sink.nodes[index] as FunctionNode;
      for (; context >= 0; context = this.contexts[context]?.parent ?? -1) {
        if (this.contexts[context]?.names.includes('eval') !== true) continue;
        this.#sink.guard(index, () => {
          throw new Refusal(
            'a function that uses private members, within reach of a variable named `eval`',
            'Give that variable another name.',
          );
        });
      }
    }
  }

  /** Edits the texts that are sent, with names that none of them contains. */
  #editTexts(): void {
    const infos = [...this.#infos.values()];
    while (infos.some(({ text }) => mayName(text, this.helpers))) this.helpers += '_';
    const rename = (text: string): string => text.replaceAll(HELPERS, () => this.helpers);
    for (const { index, text, edits = [] } of infos) {
      const node = this.#sink.nodes[index] as FunctionNode | ClassNode;
      const renamed = edits.map((edit) => ({ ...edit, with: rename(edit.with) }));
      if (edits.length > 0) node.text = editText(text, renamed);
      if (node.kind === 'function') node.before = rename(node.before);
    }
  }

  /**
   * Captures a bound or native function.
   * @returns whether it was one
   */
  #captureSpecial(index: number, fn: SomeFunction): boolean {
    return this.#sink.guard(index, () => {
      if (!isNative(fn)) return false;
      const reference = this.#sink.references.of(fn);
      if (reference !== undefined) {
        this.#sink.nodes[index] = { kind: 'reference', reference };
        return true;
      }
      const bound = boundParts(fn);
      if (bound === undefined) {
        throw fn.name === ''
          ? new Refusal(
              'a native function without a name, such as those that settle a Promise',
              'Make what it belongs to inside the function, or send that instead.',
            )
          : new Refusal(
              `the native function ${fn.name}`,
              'Wrap it in a function that gets it where it runs.',
            );
      }
      const part = (value: unknown, name: string): Slot =>
        this.#sink.slot(value, index, { by: 'part', name });
      this.#sink.nodes[index] = {
        kind: 'bound',
        target: part(bound.target, 'bound function'),
        self: part(bound.thisValue, 'bound `this`'),
        arguments: bound.args.map((value, at) => part(value, `bound argument ${at}`)),
        name: ownString(fn, 'name'),
        length: ownNumber(fn, 'length'),
        ...stateOf(this.#sink, index, fn, 'Function.prototype', ['name', 'length']),
      };
      return true;
    });
  }

  #capturePlain(pending: readonly { index: number; fn: SomeFunction }[]): void {
    if (pending.length === 0) return;
    this.#looks += 1;
    const insides = this.#lookInside(pending);
    pending.forEach(({ index, fn }, at) => {
      const inside = insides[at] as FunctionInside;
      const script = inside.scriptId === undefined ? undefined : scriptOf(inside.scriptId);
      this.#places.set(index, { script, line: inside.line, column: inside.column });
      // A class captured in this loop may have described it as its member.
      if (this.#sink.nodes[index] !== undefined) return;
      this.#sink.guard(index, () => this.#captureOne(index, fn, inside, script));
    });
  }

  #captureOne(index: number, fn: SomeFunction, inside: FunctionInside, script: Script | undefined): void {
    const sink = this.#sink;
    const text = textOf(fn);
    sink.references.notePlace(fn, inside, script);
    const reference = sink.references.of(fn);
    if (reference !== undefined) {
      sink.nodes[index] = { kind: 'reference', reference: checkedReference(sink, fn, reference) };
      return;
    }
    if (script?.url.startsWith('node:') === true) {
      throw new Refusal('a function within Node itself', 'Wrap it in a function that gets it where it runs.');
    }
    const shape = shapeOfFunction(fn, text);
    refuseUnreadable(shape, inside);
    const place = this.#placeIn(inside, script, text, shape);
    this.#places.set(index, { script, line: place.line, column: place.column });
    const bindings = bindingsOf(sink, index, { fn, shape, inside, script });
    const info: CodeInfo = { index, fn, text, shape, inside, script, place, bindings, look: this.#looks };
    this.#infos.set(index, info);
    if (shape.privateNames.length > 0) this.#privateNameUsers.push(info);
    sink.nodes[index] = shape.kind === 'class' ? describeClass(sink, info) : describeFunction(sink, info);
  }

  #lookInside(pending: readonly { index: number; fn: SomeFunction }[]): FunctionInside[] {
    try {
      return lookInside(pending.map(({ fn }) => fn)).map((inside, at) => {
        const scope = explicitScope(pending[at]?.fn as SomeFunction);
        return scope === undefined ? inside : { ...inside, scopes: [scope] };
      });
    } catch (error) {
      if (!(error instanceof InspectorUnavailableError)) throw error;
      return pending.map(({ index, fn }) =>
        this.#sink.guard(index, () =>
          withoutInspector(fn, error, this.#sink.references.of(fn) !== undefined),
        ),
      );
    }
  }

  #placeIn(inside: FunctionInside, script: Script | undefined, text: string, shape: FunctionShape): Place {
    const file = this.#files.indexOf(script);
    const above = text.slice(0, shape.locationOffset);
    const line = Math.max(0, inside.line - countLineBreaks(above));
    const column = inside.line === line ? Math.max(0, inside.column - above.length) : 0;
    this.#files.noteText(file, { line, column, text });
    return { file, line, column };
  }

  /** Finds the classes whose `#names` functions use; these classes are sent too. */
  #captureHomeClasses(): boolean {
    const users = this.#privateNameUsers;
    this.#privateNameUsers = [];
    for (const info of users) {
      if (this.#infos.has(info.index)) {
        info.homeClass = this.#sink.guard(info.index, () => homeClassOf(this.#sink, info));
      }
    }
    return users.length > 0;
  }
}

/** Whether a text has a name, or one that contains it, perhaps written with escapes such as `\u0024`. */
function mayName(text: string, name: string): boolean {
  if (text.includes(name)) return true;
  if (!text.includes('\\u')) return false;
  const unescaped = text.replaceAll(
    /\\u(?:\{0*([\da-f]{1,6})\}|([\da-f]{4}))/gi,
    (all, long?: string, short?: string) => {
      const code = Number.parseInt(long ?? short ?? '', 16);
      return code <= 0x10_ffff ? String.fromCodePoint(code) : all;
    },
  );
  return unescaped.includes(name);
}

/** Whether a call `eval(...)` is one of the language's `eval`, rather than of a variable of that name. */
function callsEval({ directEval }: FunctionShape, inside: FunctionInside): boolean {
  if (!directEval) return false;
  const found = findVariable(inside, 'eval');
  const value = found?.scope.variables['eval'];
  return found === undefined || (typeof value === 'function' && isNative(value as SomeFunction));
}

function refuseUnreadable(shape: FunctionShape, inside: FunctionInside): void {
  if (callsEval(shape, inside)) {
    throw new Refusal(
      'a function that uses eval, so what it captures cannot be known',
      'Give what it evaluates as an argument, to `new Function` inside it.',
    );
  }
  if (shape.lexical.super && shape.kind === 'arrow') {
    throw new Refusal(
      'an arrow function that says `super`',
      'Give it what it needs of the parent class: `const parent = super.method.bind(this)` outside of it.',
    );
  }
}

/**
 * The scopes of a function where there is no inspector, which is not needed if the function captures nothing.
 * @throws {Refusal} if it does
 */
function withoutInspector(
  fn: SomeFunction,
  cause: InspectorUnavailableError,
  isReference: boolean,
): FunctionInside {
  if (isReference) return { scriptId: undefined, line: 0, column: 0, scopes: [], global: globalThis };
  const scope = explicitScope(fn);
  const shape = shapeOfFunction(fn, textOf(fn));
  const missing = [...shape.free.keys()].filter(
    (name) =>
      name !== 'require' &&
      !(name in globalThis) &&
      !(scope !== undefined && Object.hasOwn(scope.variables, name)),
  );
  if (missing.length > 0 || shape.lexical.this || shape.lexical.arguments || shape.lexical.newTarget) {
    const names = missing.length > 0 ? missing.join(', ') : '`this`';
    throw new Refusal(
      `a function that captures ${names}, which cannot be read here: ${cause.message}`,
      missing.length > 0
        ? `Name what it captures: closure({ ${missing.join(', ')} }, fn). Or: ${cause.remedy}`
        : `Write \`const self = this\` outside of it, and closure({ self }, fn). Or: ${cause.remedy}`,
      { cause },
    );
  }
  const scopes = scope === undefined ? [] : [scope];
  return { scriptId: undefined, line: 0, column: 0, scopes, global: globalThis };
}
