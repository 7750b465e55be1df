import { types } from 'node:util';
import type { AnyFunction } from '../graph.ts';
import { textOf } from '../identities.ts';
import { lookInside, type Script, scriptOf } from '../inspect/scopes.ts';
import { isInspectorAvailable } from '../inspect/session.ts';
import { moduleReferenceOf } from '../module-function.ts';
import { referenceToThere } from '../relocated-paths.ts';
import { importOf } from '../reference/import-of.ts';
import { isNative } from '../reference/members.ts';
import type { ReferencePolicy } from '../reference/module-policy.ts';
import type { FunctionPlace } from '../reference/modules.ts';
import { lastResortOf, type ReferenceContext, referenceOf } from '../reference/reference-of.ts';
import type { Reference } from '../reference/reference.ts';
import type { CaptureOptions } from './capture-options.ts';
import { intrinsicOfAnyRealm, noteRealmOf } from './platform.ts';

/** Finds the references by which values are sent. */
export class References {
  readonly #policy: ReferencePolicy;
  readonly #context: ReferenceContext;
  readonly #placesByFunction = new Map<AnyFunction, FunctionPlace | undefined>();

  constructor(options: CaptureOptions) {
    const { byValue = [], byReference = [] } = options;
    this.#policy = { byValue, byReference };
    this.#context = { policy: this.#policy, place: (fn) => this.#placeOf(fn) };
  }

  /**
   * The reference by which a job gets a value itself; undefined if the value must be sent. Call
   * {@link notePlace} before for a function that is not native.
   */
  of(value: object | symbol): Reference | undefined {
    if (typeof value === 'function') {
      const reference = moduleReferenceOf(value as AnyFunction);
      if (reference !== undefined) return referenceToThere(reference);
    }
    if (typeof value !== 'symbol' && !types.isProxy(value)) noteRealmOf(value);
    const reference = referenceOf(value, this.#context) ?? intrinsicOfAnyRealm(value);
    // Plain data that a module of the program exports is sent with its current values.
    return reference?.kind === 'module' && reference.package === undefined && isPlainData(value)
      ? undefined
      : referenceToThere(reference);
  }

  /**
   * A reference for a value that cannot be sent, although the module in the job may create a different one.
   */
  lastResortOf(value: object): Reference | undefined {
    return referenceToThere(lastResortOf(value, this.#context));
  }

  /** The import statement that created a variable of a module, if a job can repeat it. */
  ofImport(name: string, script: Script | undefined): Reference | undefined {
    if (script === undefined) return undefined;
    return referenceToThere(importOf(name, script.url, script.source(), this.#policy));
  }

  /** Whether Node or an addon implements a class, so that its objects have state besides their properties. */
  isForeign(type: AnyFunction): boolean {
    return isNative(type) || this.#placeOf(type)?.url.startsWith('node:') === true;
  }

  notePlace(fn: object, line: number, column: number, script: Script | undefined): void {
    const place =
      script === undefined
        ? undefined
        : { url: script.url, line, column, text: textOf(fn), loadedSource: () => script.source() };
    this.#placesByFunction.set(fn as AnyFunction, place);
  }

  #placeOf(fn: AnyFunction): FunctionPlace | undefined {
    if (!this.#placesByFunction.has(fn)) {
      const [inside] = isNative(fn) || !isInspectorAvailable() ? [] : lookInside([fn]);
      const script = inside?.scriptId === undefined ? undefined : scriptOf(inside.scriptId);
      this.notePlace(fn, inside?.line ?? 0, inside?.column ?? 0, script);
    }
    return this.#placesByFunction.get(fn);
  }
}

function isPlainData(value: object | symbol): boolean {
  if (typeof value !== 'object' || types.isModuleNamespaceObject(value)) return false;
  return Object.values(Object.getOwnPropertyDescriptors(value)).every(
    (property) => 'value' in property && typeof property.value !== 'function',
  );
}
