import type { AnyNode, ImportDeclaration, MemberExpression, Pattern, Program } from 'acorn';
import { childrenOf, trustingParser } from './parse.ts';

/** How a program's module gets at other modules, whether it is an ES module or CommonJS. */
export interface ModuleUses {
  /** Variables that hold a module, or something of it, by name. */
  readonly bindings: ReadonlyMap<string, ModuleBinding>;
  /** Names of variables whose values the text changes: `name.key = 1`, `Object.assign(name, more)`. */
  readonly changed: ReadonlySet<string>;
  /** Names of variables that get another value than that of their declaration. */
  readonly assigned: ReadonlySet<string>;
  /** Modules that are loaded only for what they do: `import 'x'`, `require('x')` as a statement. */
  readonly effects: readonly ModuleEffect[];
  /** Specifiers of all modules that the text names. */
  readonly specifiers: ReadonlySet<string>;
}

/** A variable with a module, or something of it, as its value. */
export interface ModuleBinding {
  readonly by: 'import' | 'require' | 'import()';
  readonly specifier: string;
  /** Name of the export; `*` for the namespace, or for all that `require` returns. */
  readonly imported: string;
  /** Way from there to the value. */
  readonly path: readonly string[];
  /** Whether the module was an argument, as in `__importDefault(require('x'))`. */
  readonly isWrapped: boolean;
  /** Whether no other variable in the text has the name, and nothing is assigned to it. */
  readonly isCertain: boolean;
  /** 1-based. */
  readonly line: number;
}

export interface ModuleEffect {
  readonly specifier: string;
  readonly line: number;
}

/** @returns undefined if the source does not parse */
export function moduleUsesOf(source: string): ModuleUses | undefined {
  const program = parse(source);
  if (program === undefined) return undefined;
  const walk = new UsesWalk();
  walk.run(program);
  const lineAt = lineCounter(source);
  const bindings = new Map<string, ModuleBinding>();
  const isCertain = (name: string): boolean => walk.declared.get(name) === 1 && !walk.assigned.has(name);
  for (const { name, at, ...binding } of walk.found)
    bindings.set(name, { ...binding, isCertain: isCertain(name), line: lineAt(at) });
  const changed = new Set(walk.changed);
  // In the order of the text, because one may be of another.
  for (const { name, root, path } of walk.parts.toSorted((one, other) => one.at - other.at)) {
    const whole = bindings.get(root);
    if (whole === undefined || bindings.has(name) || !isCertain(name) || !isCertain(root)) continue;
    bindings.set(name, { ...whole, ...extended(whole, path), isCertain: true });
    if (changed.has(root)) changed.add(name);
  }
  return {
    bindings,
    changed,
    assigned: walk.assigned,
    effects: walk.effects.map(({ specifier, at }) => ({ specifier, line: lineAt(at) })),
    specifiers: walk.specifiers,
  };
}

/** Caches the results of {@link moduleUsesOf}, because each capture of a program asks about the same few modules. */
export function knownUsesOf(source: string): ModuleUses | undefined {
  if (!usesBySource.has(source)) {
    for (const oldest of usesBySource.keys()) {
      if (usesBySource.size < MAX_CACHED_USES) break;
      usesBySource.delete(oldest);
    }
    usesBySource.set(source, moduleUsesOf(source));
  }
  return usesBySource.get(source);
}

const MAX_CACHED_USES = 256;
const usesBySource = new Map<string, ModuleUses | undefined>();

/** The import of a member of what is imported: an export, if that is a namespace. */
function extended(
  { by, imported, path }: Loaded,
  more: readonly string[],
): Pick<Loaded, 'imported' | 'path'> {
  const [first, ...rest] = more;
  return first !== undefined && by !== 'require' && imported === '*'
    ? { imported: first, path: rest }
    : { imported, path: [...path, ...more] };
}

function parse(source: string): Program | undefined {
  for (const sourceType of ['module', 'script'] as const) {
    try {
      return trustingParser().parse(source, {
        ecmaVersion: 'latest',
        sourceType,
        allowHashBang: true,
        allowReturnOutsideFunction: true,
      });
    } catch {
      // CommonJS may have what no ES module has, such as `with`.
    }
  }
  return undefined;
}

function lineCounter(source: string): (at: number) => number {
  return (at) => source.slice(0, at).split('\n').length;
}

type Found = Omit<ModuleBinding, 'isCertain' | 'line'> & { readonly name: string; readonly at: number };
type Loaded = Omit<Found, 'name' | 'at'>;

/** Visits all nodes of a program, in whichever scope, so that a name may stand for several variables. */
class UsesWalk {
  readonly found: Found[] = [];
  /** Variables that get a member of another variable, which may hold an import. */
  readonly parts: {
    readonly name: string;
    readonly root: string;
    readonly path: readonly string[];
    readonly at: number;
  }[] = [];
  readonly declared = new Map<string, number>();
  readonly assigned = new Set<string>();
  readonly changed = new Set<string>();
  readonly effects: { readonly specifier: string; readonly at: number }[] = [];
  readonly specifiers = new Set<string>();

  run(program: Program): void {
    const stack: AnyNode[] = [program];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      this.#visit(node);
      for (const child of childrenOf(node)) stack.push(child);
    }
    for (const statement of program.body) this.#noteEffect(statement);
  }

  #visit(node: AnyNode): void {
    const root = rootOf(changedPart(node));
    if (root !== undefined) this.changed.add(root);
    const specifier = specifierOf(node);
    if (specifier !== undefined) this.specifiers.add(specifier);
    switch (node.type) {
      case 'ImportDeclaration':
        return this.#noteImports(node);
      case 'VariableDeclarator':
        this.#declare(node.id);
        if (node.init) {
          this.#noteLoad(node.id, loadedBy(node.init), node.start);
          this.#notePart(node.id, node.init);
        }
        return undefined;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        if (node.id) this.#declare(node.id);
        return node.params.forEach((parameter) => this.#declare(parameter));
      case 'ClassDeclaration':
      case 'ClassExpression':
        return node.id ? this.#declare(node.id) : undefined;
      case 'CatchClause':
        return node.param ? this.#declare(node.param) : undefined;
      case 'AssignmentExpression':
        return bindingsIn(node.left).forEach(({ name }) => this.assigned.add(name));
      case 'UpdateExpression':
        if (node.argument.type === 'Identifier') this.assigned.add(node.argument.name);
        return undefined;
      case 'ForInStatement':
      case 'ForOfStatement':
        if (node.left.type !== 'VariableDeclaration')
          bindingsIn(node.left).forEach(({ name }) => this.assigned.add(name));
        return undefined;
      default:
        return undefined;
    }
  }

  #declare(pattern: Pattern): void {
    for (const { name } of bindingsIn(pattern)) this.declared.set(name, (this.declared.get(name) ?? 0) + 1);
  }

  #noteImports({ source, specifiers, start: at }: ImportDeclaration): void {
    for (const binding of specifiers) {
      this.#declare(binding.local);
      this.found.push({
        name: binding.local.name,
        by: 'import',
        specifier: String(source.value),
        imported: importedName(binding),
        path: [],
        isWrapped: false,
        at,
      });
    }
  }

  #noteLoad(pattern: Pattern, loaded: Loaded | undefined, at: number): void {
    if (loaded === undefined) return;
    for (const { name, path } of bindingsIn(pattern)) {
      if (path === undefined) continue;
      this.found.push({ ...loaded, ...extended(loaded, path), name, at });
    }
  }

  #notePart(pattern: Pattern, init: AnyNode): void {
    const way = wayTo(init);
    if (way === undefined) return;
    for (const { name, path } of bindingsIn(pattern))
      if (path !== undefined)
        this.parts.push({ name, root: way.root, path: [...way.path, ...path], at: init.start });
  }

  #noteEffect(statement: AnyNode): void {
    const { start: at } = statement;
    if (statement.type === 'ImportDeclaration') {
      if (statement.specifiers.length === 0)
        this.effects.push({ specifier: String(statement.source.value), at });
    } else if (statement.type === 'ExpressionStatement') {
      const loaded = loadedBy(statement.expression);
      if (loaded?.path.length === 0) this.effects.push({ specifier: loaded.specifier, at });
    }
  }
}

/** The names in a pattern, with the way to the value of each; without a way that is certain, it is undefined. */
function bindingsIn(
  pattern: Pattern,
): { readonly name: string; readonly path: readonly string[] | undefined }[] {
  switch (pattern.type) {
    case 'Identifier':
      return [{ name: pattern.name, path: [] }];
    case 'AssignmentPattern':
      return bindingsIn(pattern.left).map(({ name }) => ({ name, path: undefined }));
    case 'ObjectPattern':
      return pattern.properties.flatMap((part) => {
        if (part.type === 'RestElement')
          return bindingsIn(part).map(({ name }) => ({ name, path: undefined }));
        const key = part.computed ? undefined : keyOf(part.key);
        return bindingsIn(part.value).map(({ name, path }) => ({
          name,
          path: key === undefined || path === undefined ? undefined : [key, ...path],
        }));
      });
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) =>
        element === null ? [] : bindingsIn(element).map(({ name }) => ({ name, path: undefined })),
      );
    case 'RestElement':
      return bindingsIn(pattern.argument).map(({ name }) => ({ name, path: undefined }));
    default:
      return [];
  }
}

function keyOf(node: AnyNode): string | undefined {
  if (node.type === 'Identifier') return node.name;
  return node.type === 'Literal' ? String(node.value) : undefined;
}

/** The variable and the properties that an expression such as `name.a.b` names. */
function wayTo(expression: AnyNode): { root: string; path: readonly string[] } | undefined {
  if (expression.type === 'Identifier') return { root: expression.name, path: [] };
  if (expression.type !== 'MemberExpression') return undefined;
  const way = wayTo(expression.object);
  const key = propertyIn(expression);
  return way === undefined || key === undefined ? undefined : { ...way, path: [...way.path, key] };
}

function propertyIn({ computed, property }: MemberExpression): string | undefined {
  return computed && property.type !== 'Literal' ? undefined : keyOf(property);
}

/** The module that an expression loads, and the way from there: `require('x').a.b`, `(await import('x')).a`, `wrap(require('x'))`. */
function loadedBy(expression: AnyNode): Loaded | undefined {
  switch (expression.type) {
    case 'MemberExpression': {
      const loaded = loadedBy(expression.object);
      const key = propertyIn(expression);
      if (loaded === undefined || key === undefined || loaded.isWrapped) return undefined;
      return { ...loaded, ...extended(loaded, [key]) };
    }
    case 'AwaitExpression': {
      const { argument } = expression;
      const specifier = argument.type === 'ImportExpression' ? textIn(argument.source) : undefined;
      return specifier === undefined
        ? undefined
        : { by: 'import()', specifier, imported: '*', path: [], isWrapped: false };
    }
    case 'CallExpression': {
      const [argument, ...others] = expression.arguments;
      if (argument === undefined) return undefined;
      const specifier = textIn(argument);
      if (specifier !== undefined && others.length === 0 && isRequire(expression.callee))
        return { by: 'require', specifier, imported: '*', path: [], isWrapped: false };
      const loaded = argument.type === 'CallExpression' ? loadedBy(argument) : undefined;
      return loaded?.by === 'require' && loaded.path.length === 0
        ? { ...loaded, isWrapped: true }
        : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether a function may be `require`, which `createRequire` may have returned under a similar name. */
function isRequire(callee: AnyNode): boolean {
  return callee.type === 'Identifier' && /require|^req$/i.test(callee.name);
}

/** The specifier of a statement or expression that loads a module. */
function specifierOf(node: AnyNode): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
      return textIn(node.source);
    case 'ExportNamedDeclaration':
      return node.source ? textIn(node.source) : undefined;
    case 'CallExpression':
      return node.arguments[0] !== undefined && isRequire(node.callee)
        ? textIn(node.arguments[0])
        : undefined;
    default:
      return undefined;
  }
}

function textIn(node: AnyNode): string | undefined {
  return node.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined;
}

function importedName(binding: ImportDeclaration['specifiers'][number]): string {
  if (binding.type === 'ImportNamespaceSpecifier') return '*';
  return binding.type === 'ImportDefaultSpecifier' ? 'default' : (keyOf(binding.imported) as string);
}

/** The expression whose value a node changes: `a.b` in `a.b.c = 1`. */
function changedPart(node: AnyNode): AnyNode | undefined {
  let target: AnyNode | undefined;
  if (node.type === 'AssignmentExpression') target = node.left;
  else if (node.type === 'UpdateExpression') target = node.argument;
  else if (node.type === 'UnaryExpression' && node.operator === 'delete') target = node.argument;
  else if (node.type === 'CallExpression' && node.callee.type === 'MemberExpression') {
    const { object, property } = node.callee;
    const isChange =
      object.type === 'Identifier' &&
      /^(?:Object|Reflect)$/.test(object.name) &&
      property.type === 'Identifier' &&
      /^(?:assign|define|set|delete)/.test(property.name);
    return isChange ? node.arguments[0] : undefined;
  }
  if (target?.type === 'ChainExpression') target = target.expression;
  return target?.type === 'MemberExpression' ? target.object : undefined;
}

function rootOf(expression: AnyNode | undefined): string | undefined {
  let node = expression;
  while (node?.type === 'MemberExpression') node = node.object;
  return node?.type === 'Identifier' ? node.name : undefined;
}
