import { types } from 'node:util';
import type { ClassMember } from '../analysis/class-shape.ts';
import { shapeOf } from '../analysis/function-shape.ts';
import { countLineBreaks } from '../analysis/text.ts';
import type { Node, ObjectState, Slot } from '../graph.ts';
import { originalOf, textOf } from '../identities.ts';
import { privateMembers, weakEntries } from '../inspect/slots.ts';
import { setPrivateFieldsReader } from '../load/known-classes.ts';
import { prototypeOf, valueOf } from '../reference/members.ts';
import type { Reference } from '../reference/reference.ts';
import type { CodeInfo } from './code-info.ts';
import { QUOTA_PROTOTYPE } from './describe-built-in.ts';
import { lexicalThis } from './lexical.ts';
import { intrinsicName } from './platform.ts';
import { Refusal } from './refusal.ts';
import type { CaptureSink } from './sink.ts';

/** The private members of the instances of a class. */
interface PrivateShape {
  readonly owner: object;
  /** The names of the fields in order. */
  readonly fields: readonly string[];
}

/**
 * Not an error: starts the capture again with all modules of the program by value, because one of them has
 * the class of an instance with private members, which only the class's own code can set.
 */
export class RetryWithModules extends Error {}

/** Captures the private fields of instances, once it is known whether their classes go by value. */
export class PrivateFields {
  readonly #sink: CaptureSink;
  readonly #pending: { index: number; object: object; classes: readonly PrivateShape[] }[] = [];

  constructor(sink: CaptureSink) {
    this.#sink = sink;
  }

  /** @param prototype the one with which the object is sent */
  note(index: number, object: object, prototype: object | null): void {
    const classes = privateClassesOf(prototype);
    if (classes.length > 0) this.#pending.push({ index, object, classes });
  }

  /**
   * Captures what is pending.
   * @returns whether anything was pending
   */
  capturePending(): boolean {
    const pending = this.#pending.splice(0);
    for (const each of pending) {
      const nodes = each.classes.map(({ owner }) =>
        this.#sink.slot(owner, each.index, { by: 'property', key: 'constructor' }),
      );
      // It must be known whether the classes go by value.
      const isKnown = nodes.every((slot) => this.#sink.nodes[(slot as readonly [number])[0]] !== undefined);
      if (!isKnown) this.#pending.push(each);
      else this.#sink.guard(each.index, () => this.#captureOne(each.index, each.object, each.classes));
    }
    return pending.length > 0;
  }

  #captureOne(index: number, object: object, classes: readonly PrivateShape[]): void {
    const sink = this.#sink;
    const values = privateMembers(object).filter(({ kind }) => kind === 'field');
    // An object that was made without its constructor has none.
    if (values.length === 0 && classes.every(({ fields }) => fields.length > 0)) return;
    const brands: number[] = [];
    const privates: [number, string, Slot][] = [];
    for (const { owner, fields } of classes) {
      const [node] = sink.slot(owner, index, { by: 'property', key: 'constructor' }) as readonly [number];
      const described = sink.nodes[node];
      if (described?.kind === 'reference') {
        const isOfProgram =
          described.reference.kind === 'module' && described.reference.package === undefined;
        if (isOfProgram && sink.options.sendsModules !== true) throw new RetryWithModules();
        const names = fields.join(', ');
        throw new Refusal(
          `an instance of ${(owner as { name?: string }).name ?? 'a class'} with private members${names === '' ? '' : ` ${names}`}, whose class a job loads from its module`,
          remedyFor(described.reference),
        );
      }
      brands.push(node);
      for (const name of fields) {
        const found = values.shift();
        if (found?.name !== name)
          throw new Refusal(`an object whose private ${name} cannot be read`, 'Send its data instead.');
        privates.push([node, name, sink.slot(found.value, index, { by: 'private', name })]);
      }
    }
    Object.assign(sink.nodes[index] as ObjectState, { brands, privates });
  }
}

// Where nothing is captured, such as in most jobs, there is no inspector for it.
setPrivateFieldsReader((object) => {
  try {
    return privateMembers(object).flatMap(({ kind, value }) => (kind === 'field' ? [value] : []));
  } catch {
    return [];
  }
});

function remedyFor(reference: Reference): string {
  const found = reference.kind === 'module' || reference.kind === 'import' ? reference.package : undefined;
  const reducer = 'or give the class a reducer with registerReducer.';
  if (found === undefined) return `Take its module out of \`byReference\`, ${reducer}`;
  return `Make it inside the function, send the package's code with the option \`byValue: ['${found.name}']\`, ${reducer}`;
}

/** The classes with private members of the objects that have a prototype, base first. */
function privateClassesOf(direct: object | null): readonly PrivateShape[] {
  if (direct === null) return NONE;
  const prototype = originalOf(direct);
  const known = classesByPrototype.get(prototype);
  if (known !== undefined) return known;
  const own = privateShapeOf(prototype);
  const above = privateClassesOf(prototypeOf(prototype));
  const classes = own === undefined ? above : [...above, own];
  classesByPrototype.set(prototype, classes);
  return classes;
}

const NONE: readonly PrivateShape[] = [];
const classesByPrototype = new WeakMap<object, readonly PrivateShape[]>();

function privateShapeOf(prototype: object): PrivateShape | undefined {
  const owner: unknown = valueOf(prototype, 'constructor');
  if (typeof owner !== 'function' || owner.prototype !== prototype) return undefined;
  const text = textOf(owner);
  if (!text.startsWith('class') || !text.includes('#')) return undefined;
  const { class: shape } = shapeOf(text, { hasPrototype: true, name: owner.name });
  const members = (shape?.members ?? []).filter(isPrivateOfInstances);
  // Its constructor sets them again.
  if (members.length === 0 || intrinsicName(prototype) === QUOTA_PROTOTYPE) return undefined;
  return { owner, fields: members.filter(({ kind }) => kind === 'field').map(({ name }) => name as string) };
}

function isPrivateOfInstances(member: ClassMember): boolean {
  return member.private && !member.static;
}

/**
 * The node of the class whose body contains a function that uses its private names. V8 does not reveal that
 * class, so it is found by its text among the classes that the function can reach.
 * @throws {Refusal} if there is none
 */
export function homeClassOf(sink: CaptureSink, info: CodeInfo): number {
  for (const candidate of candidateClasses(sink, info)) {
    if (!textOf(candidate).startsWith('class') || !textOf(candidate).includes(info.text)) continue;
    const [index] = sink.slot(candidate, info.index, {
      by: 'part',
      name: 'class it stands in',
    }) as readonly [number];
    // Its position is known once it is captured; until then, only the texts are compared.
    const home = sink.codeInfoAt(index);
    if (home === undefined || isAround(home, info)) return index;
  }
  throw new Refusal(
    `a function that uses ${info.shape.privateNames.join(', ')}, without the class that declares it`,
    'Submit an object of the class as argument, and call its method inside the function.',
  );
}

function* candidateClasses(sink: CaptureSink, info: CodeInfo): Generator<object> {
  for (const other of sink.codeInfos) if (other.shape.kind === 'class') yield other.fn;
  for (const { variables } of info.inside.scopes) {
    for (const value of Object.values(variables)) if (typeof value === 'function') yield value;
  }
  if (info.shape.kind !== 'arrow' || !info.shape.lexical.this) return;
  const self = lexicalThis(info.fn, info.shape, sink.options);
  if (typeof self === 'function') yield self;
  if (typeof self !== 'object' || self === null) return;
  for (let prototype = prototypeOf(self); prototype !== null; prototype = prototypeOf(prototype)) {
    const owner: unknown = valueOf(prototype, 'constructor');
    if (typeof owner === 'function') yield owner;
  }
}

function isAround(home: CodeInfo, { place }: CodeInfo): boolean {
  const { line, column, file } = home.place;
  if (place.file !== file || place.line < line) return false;
  return place.line <= line + countLineBreaks(home.text) && (place.line > line || place.column > column);
}

/** Captures entries of WeakMaps and WeakSets whose keys are captured too; others could never be looked up. */
export class WeakCollections {
  readonly #sink: CaptureSink;
  readonly #collections: {
    index: number;
    collection: object;
    entries: [object, unknown][];
    slots: Slot[];
    isMap: boolean;
  }[] = [];

  constructor(sink: CaptureSink) {
    this.#sink = sink;
  }

  note(index: number, collection: WeakMap<object, unknown> | WeakSet<object>): void {
    this.#collections.push({
      index,
      collection,
      entries: weakEntries(collection),
      slots: [],
      isMap: types.isWeakMap(collection),
    });
  }

  *unsentKeys(): Generator<readonly [collection: object, key: object]> {
    for (const { collection, entries } of this.#collections)
      for (const [key] of entries) yield [collection, key];
  }

  /**
   * Captures entries whose keys were captured meanwhile.
   * @returns whether new objects were captured, so that weak keys must be checked again
   */
  capturePending(): boolean {
    let found = false;
    for (const noted of this.#collections) {
      const { index, slots, isMap } = noted;
      noted.entries = noted.entries.filter(([key, value]) => {
        const known = this.#sink.indexOf(key);
        if (known === undefined) return true;
        slots.push([known]);
        if (isMap) slots.push(this.#sink.slot(value, index, { by: 'entry', key }));
        found = true;
        return false;
      });
      Object.assign(this.#sink.nodes[index] as Node, { entries: slots });
    }
    return found;
  }
}
