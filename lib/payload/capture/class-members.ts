import type { ClassMember, ClassShape } from '../analysis/class-shape.ts';
import { shapeOf } from '../analysis/function-shape.ts';
import type { MemberNode } from '../graph.ts';
import { type Property, propertyOf, type SomeFunction } from '../reference/members.ts';
type Part = MemberNode['part'];

/**
 * A method, getter or setter in the text of a class, with the function it created if the class still has it.
 */
export interface LiveMember {
  readonly member: ClassMember;
  /** Undefined if the key is computed and the class no longer has the member. */
  readonly key: PropertyKey | undefined;
  readonly part: Part;
  readonly fn: SomeFunction | undefined;
}

/** Finds the functions that the text of a class created, by comparing their texts. */
export function liveMembers(owner: SomeFunction, text: string, shape: ClassShape): LiveMember[] {
  const foundFunctions = new Set<unknown>();
  const printed = printedMembers(owner, text, shape);
  const members = shape.members.filter(isPublicMethod).map((member, at): LiveMember => {
    const part = PARTS[member.kind as keyof typeof PARTS];
    const holder = (member.static ? owner : owner.prototype) as object;
    const keys = member.name === undefined ? Reflect.ownKeys(holder) : [member.name];
    for (const key of keys) {
      const fn: unknown = Object.getOwnPropertyDescriptor(holder, key)?.[part];
      if (
        typeof fn === 'function' &&
        !foundFunctions.has(fn) &&
        isMadeBy(fn as SomeFunction, printed[at] as string, member)
      ) {
        foundFunctions.add(fn);
        return { member, key, part, fn: fn as SomeFunction };
      }
    }
    return { member, key: member.name, part, fn: undefined };
  });
  membersByClass.set(owner, members);
  return members;
}

/** The keys whose property is exactly what the text of the class creates. Call {@link liveMembers} first. */
export function matchedKeys(owner: SomeFunction, isStatic: boolean): ReadonlySet<PropertyKey> {
  const found = (membersByClass.get(owner) ?? []).filter(
    ({ member, fn }) => member.static === isStatic && fn !== undefined,
  );
  const holder = (isStatic ? owner : owner.prototype) as object;
  const keys = found.map(({ key }) => key as PropertyKey);
  return new Set(keys.filter((key) => isAllMatched(propertyOf(holder, key), found)));
}

const PARTS = { method: 'value', getter: 'get', setter: 'set' } as const;
const membersByClass = new WeakMap<SomeFunction, readonly LiveMember[]>();

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

/**
 * The text that V8 prints for each method. A class that arrived with an edited text has the same methods in
 * the same order.
 */
function printedMembers(owner: SomeFunction, text: string, shape: ClassShape): string[] {
  const current = Function.prototype.toString.call(owner);
  const currentShape =
    current === text ? shape : (shapeOf(current, { hasPrototype: true, name: '' }).class ?? shape);
  return currentShape.members
    .filter(isPublicMethod)
    .map(({ textRange }) => current.slice(textRange?.start, textRange?.end));
}

function isMadeBy(fn: SomeFunction, own: string, { name }: ClassMember): boolean {
  const printed = Function.prototype.toString.call(fn);
  if (printed === own) return true;
  // V8 leaves out the name of a method called `static`.
  return name === 'static' && withoutBlanks(own) === `static${withoutBlanks(printed)}`;
}

function withoutBlanks(text: string): string {
  return text.replaceAll(/\s/g, '');
}
