import type {
  AnyNode,
  CallExpression,
  CatchClause,
  ForInStatement,
  ForOfStatement,
  MemberExpression,
  SwitchStatement,
} from 'acorn';
import {
  childrenOf,
  type ClassNode,
  type FunctionNode,
  isClass,
  isFunction,
  type ParsedFunction,
  staticKey,
  withoutParentheses,
} from './parse.ts';
import { hoistFromBlock, type NameUse, noteNameUse, Scope, type ScopeTraits, Uses } from './scope.ts';

/** The role of a node: a `target` is assigned to; `var` and `lexical` are patterns that declare. */
type Role = 'value' | 'target' | 'var' | 'lexical';

interface Step {
  readonly node: AnyNode;
  readonly scope: Scope;
  readonly role: Role;
}

/** Returns where to note the uses of one part of a class: its heritage, a computed key or a static value. */
type PartUses = (part: AnyNode) => Uses;

/**
 * Walks over a text and notes, in the `uses` of its scopes, what it uses from outside. Steps are kept in a
 * list rather than on the stack, because an expression of thousands of terms is thousands of levels deep.
 */
export class TextWalk {
  readonly #steps: Step[] = [];
  /** Resolved when the walk is over, because a `var` or function may be declared after its use. */
  readonly #nameUses: NameUse[] = [];
  readonly #blockFunctions: { readonly name: string; readonly scope: Scope }[] = [];

  /** Walks over everything added so far. */
  finish(): void {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      this.#take(step.node, step.scope, step.role);
    }
    for (const { name, scope } of this.#blockFunctions) hoistFromBlock(name, scope);
    // The walk goes from the last step to the first.
    for (const use of this.#nameUses.toReversed()) noteNameUse(use);
  }

  add(nodes: readonly (AnyNode | null | undefined)[], scope: Scope, role: Role = 'value'): void {
    for (const node of nodes)
      if (node !== null && node !== undefined) this.#steps.push({ node, scope, role });
  }

  addFunction(node: FunctionNode, scope: Scope, traits: ScopeTraits = {}): void {
    let outer = scope;
    if (node.type === 'FunctionExpression' && node.id !== null && node.id !== undefined) {
      outer = new Scope(scope, { isWatched: traits.isWatched === true });
      outer.names.add(node.id.name);
    }
    const strict = scope.strict || hasStrictDirective(node);
    // The body may redeclare a parameter's name; default values see only the parameters.
    const own = { bindsThis: true, bindsSuper: true, hasArguments: true, ...traits, isWatched: false };
    const isArrow = node.type === 'ArrowFunctionExpression';
    const parameters = new Scope(outer, { ...(isArrow ? {} : own), strict, holdsVars: true });
    this.add(node.params, parameters, 'lexical');
    const body = new Scope(parameters, { holdsVars: true });
    this.add(node.body.type === 'BlockStatement' ? node.body.body : [node.body], body);
  }

  addClass(node: ClassNode, scope: Scope, partUses?: PartUses, isWatched = false): void {
    const traitsOf = (part: AnyNode): ScopeTraits => (partUses === undefined ? {} : { uses: partUses(part) });
    const outer = new Scope(scope, { strict: true, isWatched });
    if (node.id !== null && node.id !== undefined) outer.names.add(node.id.name);
    if (node.superClass !== null && node.superClass !== undefined) {
      this.add([node.superClass], new Scope(outer, traitsOf(node.superClass)));
    }
    const inner = new Scope(outer, { privateNames: privateNamesOf(node) });
    const initializer: ScopeTraits = { bindsThis: true, bindsSuper: true, holdsVars: true };
    for (const member of node.body.body) {
      if (member.type === 'StaticBlock') {
        this.add(member.body, new Scope(inner, { ...initializer, ...traitsOf(member) }));
        continue;
      }
      if (member.computed) this.add([member.key], new Scope(inner, traitsOf(member.key)));
      if (member.type === 'MethodDefinition') this.addFunction(member.value, inner);
      else {
        this.add(
          [member.value],
          new Scope(inner, { ...initializer, ...(member.static ? traitsOf(member) : {}) }),
        );
      }
    }
  }

  #take(node: AnyNode, scope: Scope, role: Role): void {
    switch (node.type) {
      case 'Identifier':
        return this.#takeName(node.name, scope, role);
      case 'ParenthesizedExpression':
      case 'ChainExpression':
        return this.add([node.expression], scope, role);
      case 'RestElement':
        return this.add([node.argument], scope, role);
      case 'AssignmentPattern':
        this.add([node.left], scope, role);
        return this.add([node.right], scope);
      case 'ArrayPattern':
        return this.add(node.elements, scope, role);
      case 'ObjectPattern':
        return this.add(node.properties, scope, role);
      case 'Property':
        if (node.computed) this.add([node.key], scope);
        if (isFunction(node.value) && (node.method || node.kind !== 'init')) {
          return this.addFunction(node.value, scope);
        }
        return this.add([node.value], scope, role);
      case 'VariableDeclarator':
        this.add([node.id], scope, role);
        return this.add([node.init], scope);
      case 'VariableDeclaration':
        return this.add(node.declarations, scope, node.kind === 'var' ? 'var' : 'lexical');
      case 'FunctionDeclaration':
        if (node.id !== null) this.#declareFunction(node, node.id.name, scope);
        return this.addFunction(node, scope);
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return this.addFunction(node, scope);
      case 'ClassDeclaration':
        if (node.id !== null) scope.names.add(node.id.name);
        return this.addClass(node, scope);
      case 'ClassExpression':
        return this.addClass(node, scope);
      case 'AssignmentExpression':
        this.add([node.left], scope, 'target');
        return this.add([node.right], scope);
      case 'UpdateExpression':
        return this.add([node.argument], scope, 'target');
      case 'UnaryExpression':
        return this.add([node.argument], scope, node.operator === 'delete' ? 'target' : 'value');
      case 'MemberExpression':
        return this.#takeMember(node, scope, role);
      case 'CallExpression':
        return this.#takeCall(node, scope);
      default:
        return this.#takeStatement(node, scope);
    }
  }

  #takeStatement(node: AnyNode, scope: Scope): void {
    switch (node.type) {
      case 'BlockStatement':
      case 'ForStatement':
        return this.add(childrenOf(node), new Scope(scope));
      case 'ForInStatement':
      case 'ForOfStatement':
        return this.#takeForEach(node, new Scope(scope));
      case 'SwitchStatement':
        return this.#takeSwitch(node, scope);
      case 'CatchClause':
        return this.#takeCatch(node, scope);
      case 'LabeledStatement':
        return this.add([node.body], scope);
      case 'BreakStatement':
      case 'ContinueStatement':
        return undefined;
      case 'WithStatement':
        scope.uses.usesWith = true;
        return this.add([node.object, node.body], scope);
      default:
        return this.#takeKeyword(node, scope);
    }
  }

  #takeKeyword(node: AnyNode, scope: Scope): void {
    switch (node.type) {
      case 'ThisExpression':
        if (!scope.bindsThis) scope.uses.lexical.this = true;
        return undefined;
      case 'Super':
        if (!scope.bindsSuper) scope.uses.lexical.super = true;
        return undefined;
      case 'MetaProperty':
        if (node.meta.name === 'import') scope.uses.importMetas.push(node);
        else if (!scope.bindsThis) scope.uses.lexical.newTarget = true;
        return undefined;
      case 'PrivateIdentifier':
        if (!scope.declaresPrivate(node.name)) scope.uses.privateNames.add(`#${node.name}`);
        return undefined;
      case 'ImportExpression':
        scope.uses.dynamicImport = true;
        return this.add(childrenOf(node), scope);
      default:
        return this.add(childrenOf(node), scope);
    }
  }

  #takeName(name: string, scope: Scope, role: Role): void {
    if (role === 'value' || role === 'target') {
      this.#nameUses.push({ name, scope, written: role === 'target' });
      return;
    }
    const { names } = role === 'var' ? scope.varScope : scope;
    // A repeated `var` most likely assigns another value.
    if (names.has(name)) this.#nameUses.push({ name, scope, written: true });
    names.add(name);
  }

  #takeMember(node: MemberExpression, scope: Scope, role: Role): void {
    const object = withoutParentheses(node.object);
    const key = staticKey(node.property, node.computed);
    const isPlainRead = role === 'value' && key !== undefined && node.property.type !== 'PrivateIdentifier';
    if (object.type === 'Identifier' && isPlainRead) {
      this.#nameUses.push({ name: object.name, scope, written: false, member: key });
    } else {
      this.add([object], scope);
    }
    if (node.computed || node.property.type === 'PrivateIdentifier') this.add([node.property], scope);
  }

  #takeCall(node: CallExpression, scope: Scope): void {
    const callee = withoutParentheses(node.callee);
    if (callee.type === 'Identifier' && callee.name === 'eval' && !node.optional) {
      this.#nameUses.push({ name: 'eval', scope, written: false, isCalledEval: true });
    } else {
      this.add([callee], scope);
    }
    this.add(node.arguments, scope);
  }

  #takeForEach(node: ForInStatement | ForOfStatement, scope: Scope): void {
    this.add([node.left], scope, node.left.type === 'VariableDeclaration' ? 'value' : 'target');
    this.add([node.right, node.body], scope);
  }

  #takeSwitch(node: SwitchStatement, scope: Scope): void {
    this.add([node.discriminant], scope);
    this.add(node.cases, new Scope(scope));
  }

  #takeCatch(node: CatchClause, scope: Scope): void {
    const inner = new Scope(scope, { isPlainCatch: node.param?.type === 'Identifier' });
    this.add([node.param], inner, 'lexical');
    this.add([node.body], inner);
  }

  #declareFunction(node: FunctionNode, name: string, scope: Scope): void {
    scope.names.add(name);
    const mayHoist = !scope.strict && !node.async && !node.generator;
    if (mayHoist && scope !== scope.varScope) this.#blockFunctions.push({ name, scope });
  }
}

export function hasStrictDirective(node: FunctionNode): boolean {
  if (node.body.type !== 'BlockStatement') return false;
  return node.body.body.some(
    (statement) => statement.type === 'ExpressionStatement' && statement.directive === 'use strict',
  );
}

function privateNamesOf(node: ClassNode): ReadonlySet<string> {
  const names = new Set<string>();
  for (const member of node.body.body) {
    if (member.type !== 'StaticBlock' && member.key.type === 'PrivateIdentifier') names.add(member.key.name);
  }
  return names;
}

/** The outer uses of a function, and the free names of a class's computed keys. */
interface FunctionUses {
  readonly uses: Uses;
  readonly namesIn: (key: AnyNode) => readonly string[];
}

/**
 * Finds everything that a function uses from outside its text.
 * @param strict whether the surrounding code is known to be strict
 */
export function usesOf({ node, kind }: ParsedFunction, strict: boolean): FunctionUses {
  const uses = new Uses();
  const parts = new Map<AnyNode, Uses>();
  const around = new Scope(undefined, { uses, strict });
  const walk = new TextWalk();
  if (isClass(node)) {
    const usesOfPart = (part: AnyNode): Uses => {
      const own = new Uses();
      parts.set(part, own);
      return own;
    };
    walk.addClass(node, around, usesOfPart, true);
  } else {
    // A method's `super` is that of the object or class it is written in.
    walk.addFunction(node, around, { bindsSuper: kind === 'function', isWatched: true });
  }
  walk.finish();
  return { uses, namesIn: (key) => [...(parts.get(key)?.free.byName.keys() ?? [])] };
}
