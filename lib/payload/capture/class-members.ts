import type { ClassMember, ClassShape } from '../analysis/class-shape.ts';
import { shapeOf } from '../analysis/function-shape.ts';
import type { MemberNode } from '../graph.ts';
import { type Property, propertyOf } from '../reference/members.ts';
import type { CodeInfo } from './code-info.ts';

type AnyFunction = CodeInfo['fn'];
type Part = MemberNode['part'];

/** A method, getter or setter of a class's text, and the function that it made, if the class has that still. */
export interface LiveMember {
  readonly member: ClassMember;
  /** Undefined if the class has it no more, and its key is computed. */
  readonly key: PropertyKey | undefined;
  readonly part: Part;
  readonly fn: AnyFunction | undefined;
}

/** Finds the functions that the text of a class made, by their own texts. */
export function liveMembers(owner: AnyFunction, text: string, shape: ClassShape): LiveMember[] {
  const taken = new Set<unknown>();
  const printed = printedMembers(owner, text, shape);
  const members = shape.members.filter(isPublicMethod).map((member, at): LiveMember => {
    const part = PARTS[member.kind as keyof typeof PARTS];
    const holder = (member.static ? owner : owner.prototype) as object;
    const keys = member.name === undefined ? Reflect.ownKeys(holder) : [member.name];
    for (const key of keys) {
      const fn: unknown = Object.getOwnPropertyDescriptor(holder, key)?.[part];
      if (
        typeof fn === 'function' &&
        !taken.has(fn) &&
        isMadeBy(fn as AnyFunction, printed[at] as string, member)
      ) {
        taken.add(fn);
        return { member, key, part, fn: fn as AnyFunction };
      }
    }
    return { member, key: member.name, part, fn: undefined };
  });
  matched.set(owner, members);
  return members;
}

/** Keys whose whole property is what the text of the class makes of it, once {@link liveMembers} has been asked. */
export function matchedKeys(owner: AnyFunction, isStatic: boolean): ReadonlySet<PropertyKey> {
  const found = (matched.get(owner) ?? []).filter(
    ({ member, fn }) => member.static === isStatic && fn !== undefined,
  );
  const holder = (isStatic ? owner : owner.prototype) as object;
  const keys = found.map(({ key }) => key as PropertyKey);
  return new Set(keys.filter((key) => isAllMatched(propertyOf(holder, key), found)));
}

const PARTS = { method: 'value', getter: 'get', setter: 'set' } as const;
const matched = new WeakMap<AnyFunction, readonly LiveMember[]>();

function isAllMatched(descriptor: Property | undefined, found: readonly LiveMember[]): boolean {
  if (descriptor === undefined || descriptor.enumerable === true || descriptor.configurable !== true)
    return false;
  if (descriptor.writable === false) return false;
  const isMember = (fn: unknown): boolean => fn === undefined || found.some((live) => live.fn === fn);
  return 'value' in descriptor
    ? isMember(descriptor.value)
    : isMember(descriptor.get) && isMember(descriptor.set);
}

function isPublicMethod(member: ClassMember): boolean {
  return member.textRange !== undefined && !member.private;
}

/** What V8 prints of each method. A class that was edited to come here has the same methods, in the same order, in other words. */
function printedMembers(owner: AnyFunction, text: string, shape: ClassShape): string[] {
  const current = Function.prototype.toString.call(owner);
  const currentShape =
    current === text ? shape : (shapeOf(current, { hasPrototype: true, name: '' }).class ?? shape);
  return currentShape.members
    .filter(isPublicMethod)
    .map(({ textRange }) => current.slice(textRange?.start, textRange?.end));
}

function isMadeBy(fn: AnyFunction, own: string, { name }: ClassMember): boolean {
  const printed = Function.prototype.toString.call(fn);
  if (printed === own) return true;
  // V8 leaves out the name of a method called `static`.
  return name === 'static' && withoutBlanks(own) === `static${withoutBlanks(printed)}`;
}

function withoutBlanks(text: string): string {
  return text.replaceAll(/\s/g, '');
}
