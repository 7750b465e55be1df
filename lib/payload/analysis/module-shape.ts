import type {
  AnyNode,
  Identifier,
  ImportDeclaration,
  Literal,
  Pattern,
  Program,
  VariableDeclaration,
} from 'acorn';
import { TextCache } from '../../base/text-cache.ts';
import { locationOf } from './class-shape.ts';
import {
  type ClassNode,
  type FunctionNode,
  isClass,
  isFunction,
  trustingParser,
  withoutParentheses,
} from './parse.ts';
import { Scope, Uses } from './scope.ts';
import { TextWalk } from './text-walk.ts';
import type { Range } from './text.ts';

/** Length of all sources whose shapes are kept, in characters: a large package, or several. */
const MAX_CACHED_LENGTH = 16_000_000;

/** The exports and imports in the source of an ES module. */
interface ModuleShape {
  /**
   * Exported functions and classes that are declared at the top level, or initialize a variable there, and
   * whose names are never reassigned; by the offset of the location that V8 reports.
   */
  readonly exports: ReadonlyMap<number, ExportedFunction>;
  /** The imports by local name. */
  readonly imports: ReadonlyMap<string, ImportedName>;
  /** The origins of all exports by exported name, except those of `export * from`. */
  readonly origins: ReadonlyMap<string, ExportOrigin>;
  /** Specifiers of `export * from`. */
  readonly stars: readonly string[];
}

/** Where the value of an export comes from: another module, or a variable or expression of this one. */
type ExportOrigin =
  | ImportedName
  | {
      readonly specifier?: undefined;
      /** Undefined for the expression after `export default`. */
      readonly local: string | undefined;
      /** Whether the module assigns to the variable after its declaration. */
      readonly changes: boolean;
    };

interface ExportedFunction {
  readonly exportName: string;
  /** The range of its text. */
  readonly range: Range;
}

interface ImportedName {
  readonly specifier: string;
  /** The name of an export; `*` for the namespace. */
  readonly imported: string;
}

/**
 * Analyses the source of an ES module.
 * @returns undefined if the source does not parse
 */
export function moduleShapeOf(source: string): ModuleShape | undefined {
  const program = parseModule(source);
  if (program === undefined) return undefined;
  const functions = topLevelFunctions(program);
  const reassigned = reassignedNames(program);
  const exports = new Map<number, ExportedFunction>();
  for (const { exportName, local } of exportsOf(program)) {
    const node = typeof local === 'string' ? functions.get(local) : functionIn(local);
    if (node === undefined || (typeof local === 'string' && reassigned(local))) continue;
    const location = locationOf(source, node);
    if (!exports.has(location))
      exports.set(location, { exportName, range: { start: node.start, end: node.end } });
  }
  const imports = importsOf(program);
  return {
    exports,
    imports,
    origins: originsOf(program, imports, reassigned),
    stars: starsOf(program),
  };
}

function originsOf(
  program: Program,
  imports: ReadonlyMap<string, ImportedName>,
  reassigned: (name: string) => boolean,
): Map<string, ExportOrigin> {
  const origins = new Map<string, ExportOrigin>();
  for (const { exportName, local } of exportsOf(program)) {
    const name = typeof local === 'string' ? local : undefined;
    const imported = name === undefined ? undefined : imports.get(name);
    const own = { local: name, changes: name !== undefined && reassigned(name) };
    origins.set(exportName, imported ?? own);
  }
  for (const statement of program.body) {
    if (statement.type === 'ExportNamedDeclaration' && statement.source) {
      const specifier = String(statement.source.value);
      for (const { exported, local } of statement.specifiers)
        origins.set(nameIn(exported), { specifier, imported: nameIn(local) });
    } else if (statement.type === 'ExportAllDeclaration' && statement.exported) {
      origins.set(nameIn(statement.exported), {
        specifier: String(statement.source.value),
        imported: '*',
      });
    }
  }
  return origins;
}

function starsOf({ body }: Program): string[] {
  return body.flatMap((statement) =>
    statement.type === 'ExportAllDeclaration' && !statement.exported ? [String(statement.source.value)] : [],
  );
}

function parseModule(source: string): Program | undefined {
  try {
    return trustingParser().parse(source, {
      ecmaVersion: 'latest',
      sourceType: 'module',
      preserveParens: true,
    });
  } catch {
    return undefined;
  }
}

/** Functions and classes by the top-level name that they initialize. */
function topLevelFunctions(program: Program): Map<string, FunctionNode | ClassNode> {
  const functions = new Map<string, FunctionNode | ClassNode>();
  for (const statement of program.body) {
    const isExport =
      statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration';
    const declaration: AnyNode | null | undefined = isExport ? statement.declaration : statement;
    if (declaration?.type === 'FunctionDeclaration' || declaration?.type === 'ClassDeclaration') {
      if (declaration.id !== null) functions.set(declaration.id.name, declaration);
    } else if (declaration?.type === 'VariableDeclaration') {
      for (const { id, init } of declaration.declarations) {
        const value = functionIn(init);
        if (id.type === 'Identifier' && value !== undefined) functions.set(id.name, value);
      }
    }
  }
  return functions;
}

function functionIn(expression: AnyNode | null | undefined): FunctionNode | ClassNode | undefined {
  if (expression === null || expression === undefined) return undefined;
  const value = withoutParentheses(expression);
  return isFunction(value) || isClass(value) ? value : undefined;
}

function reassignedNames(program: Program): (name: string) => boolean {
  const uses = new Uses();
  const walk = new TextWalk();
  walk.add(program.body, new Scope(undefined, { uses, strict: true, isWatched: true }));
  walk.finish();
  return (name) => uses.watched.byName.get(name)?.written === true;
}

/** The exports, each with its local name, or with its node if it has no name. */
function exportsOf(program: Program): { exportName: string; local: string | AnyNode }[] {
  return program.body.flatMap((statement) => {
    if (statement.type === 'ExportDefaultDeclaration') {
      const declaration = withoutParentheses(statement.declaration);
      const isDeclared =
        declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration';
      const name =
        declaration.type === 'Identifier' ? declaration.name : isDeclared ? declaration.id?.name : undefined;
      return [{ exportName: 'default', local: name ?? declaration }];
    }
    if (statement.type !== 'ExportNamedDeclaration' || (statement.source ?? undefined) !== undefined)
      return [];
    const { declaration, specifiers } = statement;
    const declared = declaration === null || declaration === undefined ? [] : namesOf(declaration);
    return [
      ...declared.map((name) => ({ exportName: name, local: name })),
      ...specifiers.map(({ exported, local }) => ({ exportName: nameIn(exported), local: nameIn(local) })),
    ];
  });
}

function namesOf(declaration: FunctionNode | ClassNode | VariableDeclaration): string[] {
  if (declaration.type !== 'VariableDeclaration')
    return 'id' in declaration && declaration.id ? [declaration.id.name] : [];
  return declaration.declarations.flatMap(({ id }) => namesInPattern(id));
}

function namesInPattern(pattern: Pattern | null): string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((part) =>
        namesInPattern(part.type === 'Property' ? part.value : part.argument),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => namesInPattern(element));
    case 'AssignmentPattern':
      return namesInPattern(pattern.left);
    case 'RestElement':
      return namesInPattern(pattern.argument);
    default:
      return [];
  }
}

function importsOf(program: Program): Map<string, ImportedName> {
  const declarations = program.body.filter(
    (node): node is ImportDeclaration => node.type === 'ImportDeclaration',
  );
  return new Map(
    declarations.flatMap(({ source, specifiers }) =>
      specifiers.map((binding): [string, ImportedName] => [
        binding.local.name,
        { specifier: String(source.value), imported: importedName(binding) },
      ]),
    ),
  );
}

function importedName(binding: ImportDeclaration['specifiers'][number]): string {
  if (binding.type === 'ImportNamespaceSpecifier') return '*';
  return binding.type === 'ImportDefaultSpecifier' ? 'default' : nameIn(binding.imported);
}

/** The name of an export, which may be written as a string. */
function nameIn(node: Identifier | Literal): string {
  return node.type === 'Identifier' ? node.name : String(node.value);
}

/** Caches the results of {@link moduleShapeOf}, because a program takes many functions from few modules. */
export function knownShapeOf(source: string): ModuleShape | undefined {
  return shapesBySource.get(source, () => [moduleShapeOf(source), source.length]);
}

const shapesBySource = new TextCache<ModuleShape | undefined>(MAX_CACHED_LENGTH);
