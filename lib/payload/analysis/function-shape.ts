import { classShapeOf } from './class-shape.ts';
import type { ClassShape } from './class-shape.ts';
import { isUnsafeToEnter } from './enterable.ts';
import { keyRangeIn, locationOf } from './locations.ts';
import { isClass } from './nodes.ts';
import { parseFunction } from './parse-function.ts';
import type { FunctionHints, ParsedFunction } from './parse-function.ts';
import type { Range } from './range.ts';
import { hasStrictDirective } from './text-walk.ts';
import type { FreeName } from './uses.ts';
import { usesOf } from './uses-of.ts';

/** What the text of a function tells about it. All offsets are those in the text. */
export interface FunctionShape {
  readonly text: string;
  /** The text of a method, getter or setter means something within the braces of an object or class only. */
  readonly kind: ParsedFunction['kind'];
  readonly async: boolean;
  readonly generator: boolean;
  /**
   * Of a method, getter or setter: the key as written, with brackets, quotes or `#`. V8 prints a class's method named
   * `static` without it: then it is empty, and where a key must be put.
   */
  readonly keyRange: Range | undefined;
  /** Whether the key is a `#name`. */
  readonly privateKey: boolean;
  /** The name behind `function` or `class`. */
  readonly ownName: string | undefined;
  readonly ownNameRange: Range | undefined;
  /** Whether the text uses, or assigns to, the name behind `function` or `class`, and means itself by it. */
  readonly usesOwnName: boolean;
  readonly writesOwnName: boolean;
  /** What V8 reports as the function's location. */
  readonly locationOffset: number;
  /**
   * The names that it takes from around it, but for its own and `arguments`. A class's are those of its methods and of
   * its instances' fields; heritage, computed keys and static parts are evaluated once, when the class is made.
   */
  readonly free: ReadonlyMap<string, FreeName>;
  /** What an arrow takes from the function around it; a method or an accessor takes `super` from its object only. */
  readonly lexical: {
    readonly this: boolean;
    readonly arguments: boolean;
    readonly newTarget: boolean;
    readonly super: boolean;
  };
  /** `#names` that are declared by no class within the text. */
  readonly privateNames: readonly string[];
  /** Whether there is a call of `eval`, which may use any name. */
  readonly directEval: boolean;
  readonly usesWith: boolean;
  readonly importMetas: readonly Range[];
  readonly dynamicImport: boolean;
  /** Whether the text itself makes its code strict: by a directive, or by being a class. */
  readonly strictDirective: boolean;
  /** Whether all parameters are names without default values. */
  readonly plainParameters: boolean;
  /** Whether stopping it at its first statement may be too late: other functions may run before. */
  readonly unsafeToEnter: boolean;
  readonly class: ClassShape | undefined;
}

/** @throws {SyntaxError} if the text cannot be read as a function, as that of native functions */
export function shapeOf(text: string, hints: FunctionHints): FunctionShape {
  const key = `${hints.hasPrototype} ${hints.name === 'function'} ${hints.strict} ${text}`;
  let shape = shapes.get(key);
  if (shape === undefined) {
    shape = readShape(text, hints);
    shapes.set(key, shape);
    const [oldest] = shapes.keys();
    if (shapes.size > SHAPES_KEPT && oldest !== undefined) shapes.delete(oldest);
  }
  return shape;
}

/** By text and hints: many functions have one text, such as all that a loop makes. */
const shapes = new Map<string, FunctionShape>();
const SHAPES_KEPT = 5000;

function readShape(text: string, hints: FunctionHints): FunctionShape {
  const parsed = parseFunction(text, hints);
  const { node, member, kind, source, shift } = parsed;
  const { uses, namesIn } = usesOf(parsed, hints.strict === true);
  const range = (start: number, end: number): Range => ({ start: start - shift, end: end - shift });
  const id = node.id ?? undefined;
  const own = id && uses.watched.byName.get(id.name);
  const isKeyMissing = member !== undefined && member.key.start < shift;
  return {
    text,
    kind,
    async: !isClass(node) && node.async,
    generator: !isClass(node) && node.generator,
    keyRange: isKeyMissing ? { start: 0, end: 0 } : member && range(...keyRangeIn(source, member)),
    privateKey: member?.key.type === 'PrivateIdentifier',
    ownName: id?.name,
    ownNameRange: id && range(id.start, id.end),
    usesOwnName: own !== undefined,
    writesOwnName: own?.written === true,
    locationOffset: locationOf(source, node) - shift,
    free: uses.free.byName,
    lexical: uses.lexical,
    privateNames: [...uses.privateNames],
    directEval: uses.directEval,
    usesWith: uses.usesWith,
    importMetas: uses.importMetas
      .map(({ start, end }) => range(start, end))
      .toSorted((a, b) => a.start - b.start),
    dynamicImport: uses.dynamicImport,
    strictDirective: isClass(node) || hasStrictDirective(node),
    plainParameters: !isClass(node) && node.params.every(({ type }) => type === 'Identifier'),
    unsafeToEnter: isClass(node) || isUnsafeToEnter(node),
    class: isClass(node) ? classShapeOf(source, node, shift, namesIn) : undefined,
  };
}
