import type { MetaProperty } from 'acorn';

/** What a scope has unlike the one around it; the rest is the same. */
export interface ScopeTraits {
  readonly uses?: Uses;
  readonly strict?: boolean;
  /** `this` and `new.target` here are those of a function of the text. */
  readonly bindsThis?: boolean;
  readonly bindsSuper?: boolean;
  /** `#names` declared by a class. */
  readonly privateNames?: ReadonlySet<string>;
  /** Where `var` declares: a function's body, or what is like one. */
  readonly holdsVars?: boolean;
  /** A function's, other than an arrow's: has `arguments`. */
  readonly hasArguments?: boolean;
  /** `catch (name)`: a `var` or a function further inside may have the same name. */
  readonly isPlainCatch?: boolean;
  /** Uses of its names are to be noted. */
  readonly isWatched?: boolean;
}

/** A region of the text that has names of its own. */
export class Scope {
  readonly parent: Scope | undefined;
  readonly names: Set<string> = new Set();
  readonly traits: ScopeTraits;
  readonly uses: Uses;
  readonly strict: boolean;
  readonly bindsThis: boolean;
  readonly bindsSuper: boolean;
  readonly varScope: Scope;

  constructor(parent: Scope, traits?: ScopeTraits);
  constructor(parent: undefined, traits: ScopeTraits & { uses: Uses });
  constructor(parent: Scope | undefined, traits: ScopeTraits = {}) {
    this.parent = parent;
    this.traits = traits;
    this.uses = (traits.uses ?? parent?.uses) as Uses;
    this.strict = traits.strict ?? parent?.strict ?? false;
    this.bindsThis = traits.bindsThis ?? parent?.bindsThis ?? false;
    this.bindsSuper = traits.bindsSuper ?? parent?.bindsSuper ?? false;
    this.varScope = traits.holdsVars === true || parent === undefined ? this : parent.varScope;
  }

  /** The scope that a name used here is of, if it is one of the text's. */
  declaring(name: string): Scope | undefined {
    return nearest(this, ({ names, traits }) => {
      return names.has(name) || (name === 'arguments' && traits.hasArguments === true);
    });
  }

  declaresPrivate(name: string): boolean {
    return nearest(this, ({ traits }) => traits.privateNames?.has(name) === true) !== undefined;
  }
}

function nearest(from: Scope, matches: (scope: Scope) => boolean): Scope | undefined {
  let scope: Scope | undefined = from;
  while (scope !== undefined && !matches(scope)) scope = scope.parent;
  return scope;
}

/** One place of the text where a name is used. */
export interface NameUse {
  readonly name: string;
  readonly scope: Scope;
  readonly written: boolean;
  /** The property it is used for, if that is read and nothing else done. */
  readonly member?: string | undefined;
  /** Whether it is the `eval` of `eval(...)`. */
  readonly isCalledEval?: boolean;
}

/** Notes the use if the name is from outside the text, or of a watched scope. To be called when all is declared. */
export function noteNameUse({ name, scope, written, member, isCalledEval }: NameUse): void {
  const declaring = scope.declaring(name);
  if (declaring === undefined) {
    if (isCalledEval === true) scope.uses.directEval = true;
    if (name === 'arguments') scope.uses.lexical.arguments = true;
    else scope.uses.free.note(name, written, member);
  } else if (declaring.traits.isWatched === true) {
    scope.uses.watched.note(name, written, member);
  }
}

/**
 * In sloppy code a function that is declared in a block is a `var` as well, unless a block in between has the same name.
 * https://tc39.es/ecma262/#sec-block-level-function-declarations-web-legacy-compatibility-semantics
 */
export function hoistFromBlock(name: string, block: Scope): void {
  for (let scope = block.parent; scope !== undefined && scope !== block.varScope; scope = scope.parent) {
    if (scope.names.has(name) && scope.traits.isPlainCatch !== true) return;
  }
  block.varScope.names.add(name);
}

/** How a text uses a name that it does not declare. */
export interface FreeName {
  readonly name: string;
  /** Whether it assigns to it, in any way, at any depth of nested functions. */
  readonly written: boolean;
  /**
   * The properties it reads, if reading `name.property` (also `name['property']`, also in order to call it) is all it
   * does with the name; otherwise `undefined`.
   */
  readonly members: ReadonlySet<string> | undefined;
}

/** What a part of a text takes from what is around the text. */
export class Uses {
  readonly free: NameUses = new NameUses();
  /** Names of the scopes that are watched. */
  readonly watched: NameUses = new NameUses();
  readonly lexical = { this: false, arguments: false, newTarget: false, super: false };
  readonly privateNames: Set<string> = new Set();
  readonly importMetas: MetaProperty[] = [];
  dynamicImport = false;
  directEval = false;
  usesWith = false;
}

export class NameUses {
  readonly byName: Map<string, FreeName & { written: boolean; members: Set<string> | undefined }> = new Map();

  /** @param member the property it is used for, if that is read and nothing else done */
  note(name: string, written: boolean, member: string | undefined): void {
    let use = this.byName.get(name);
    if (use === undefined) {
      use = { name, written: false, members: new Set() };
      this.byName.set(name, use);
    }
    if (written) use.written = true;
    if (member === undefined) use.members = undefined;
    else use.members?.add(member);
  }
}
