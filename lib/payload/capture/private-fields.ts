import { shapeOf } from '../analysis/function-shape.ts';
import type { ClassMember } from '../analysis/class-shape.ts';
import type { ObjectState, Slot } from '../graph.ts';
import { privateMembers } from '../inspect/slots.ts';
import { textOf } from '../originals.ts';
import { originalOf } from '../stand-ins.ts';
import type { Capture } from './capture.ts';
import { Refusal } from './trail.ts';

/** The private members that instances of a class have. */
export interface PrivateShape {
  readonly owner: object;
  /** Names of the fields, in their order. */
  readonly fields: readonly string[];
}

/** Reads the private fields of instances, once it is known how their classes travel. */
export class PrivateFields {
  readonly #capture: Capture;
  readonly #pending: { index: number; object: object; classes: readonly PrivateShape[] }[] = [];

  constructor(capture: Capture) {
    this.#capture = capture;
  }

  note(index: number, object: object): void {
    const classes = privateClassesOf(object);
    if (classes.length > 0) this.#pending.push({ index, object, classes });
  }

  /** @returns whether there was anything to do */
  capturePending(): boolean {
    const pending = this.#pending.splice(0);
    for (const each of pending) {
      const nodes = each.classes.map(({ owner }) =>
        this.#capture.slot(owner, each.index, { by: 'property', key: 'constructor' }),
      );
      // Whether a class goes by value is to be known first.
      const isKnown = nodes.every(
        (slot) => this.#capture.nodes[(slot as readonly [number])[0]] !== undefined,
      );
      if (!isKnown) this.#pending.push(each);
      else this.#capture.guard(each.index, () => this.#captureOne(each.index, each.object, each.classes));
    }
    return pending.length > 0;
  }

  #captureOne(index: number, object: object, classes: readonly PrivateShape[]): void {
    const capture = this.#capture;
    const values = privateMembers(object).filter(({ kind }) => kind === 'field');
    if (values.length === 0 && classes.every(({ fields }) => fields.length > 0)) return; // made without its constructor
    const brands: number[] = [];
    const privates: [number, string, Slot][] = [];
    for (const { owner, fields } of classes) {
      const [node] = capture.slot(owner, index, { by: 'property', key: 'constructor' }) as readonly [number];
      if (capture.nodes[node]?.kind === 'reference') {
        const names = fields.join(', ');
        throw new Refusal(
          `an instance of ${(owner as { name?: string }).name ?? 'a class'} with private members${names === '' ? '' : ` ${names}`}, whose class a job loads from its module`,
          'Name the module in `byValue`, or give the class a reducer with registerReducer.',
        );
      }
      brands.push(node);
      for (const name of fields) {
        const found = values.shift();
        if (found?.name !== name)
          throw new Refusal(`an object whose private ${name} cannot be read`, 'Send its data instead.');
        privates.push([node, name, capture.slot(found.value, index, { by: 'private', name })]);
      }
    }
    Object.assign(capture.nodes[index] as ObjectState, { brands, privates });
  }
}

/** The classes with private members above an object, base first. */
function privateClassesOf(object: object): readonly PrivateShape[] {
  const direct = Object.getPrototypeOf(object) as object | null;
  if (direct === null) return NONE;
  const prototype = originalOf(direct);
  const known = byPrototype.get(prototype);
  if (known !== undefined) return known;
  const own = privateShapeOf(prototype);
  const above = privateClassesOf(prototype);
  const classes = own === undefined ? above : [...above, own];
  byPrototype.set(prototype, classes);
  return classes;
}

const NONE: readonly PrivateShape[] = [];
const byPrototype = new WeakMap<object, readonly PrivateShape[]>();

function privateShapeOf(prototype: object): PrivateShape | undefined {
  const owner: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof owner !== 'function' || owner.prototype !== prototype) return undefined;
  const text = textOf(owner);
  if (!text.startsWith('class') || !text.includes('#')) return undefined;
  const { class: shape } = shapeOf(text, { hasPrototype: true, name: owner.name });
  const members = (shape?.members ?? []).filter(isPrivateOfInstances);
  if (members.length === 0) return undefined;
  return { owner, fields: members.filter(({ kind }) => kind === 'field').map(({ name }) => name as string) };
}

export function isPrivateOfInstances(member: ClassMember): boolean {
  return member.private && !member.static;
}
