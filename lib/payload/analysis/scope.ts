import type { MetaProperty } from 'acorn';

/** Properties of a scope that differ from those of its parent. */
export interface ScopeTraits {
  readonly uses?: Uses;
  readonly strict?: boolean;
  /** Whether `this` and `new.target` belong to a function in the text. */
  readonly bindsThis?: boolean;
  readonly bindsSuper?: boolean;
  /** The `#names` that a class declares. */
  readonly privateNames?: ReadonlySet<string>;
  /** Whether `var` declares here, as in a function's body. */
  readonly holdsVars?: boolean;
  /** Whether there is `arguments`, as in functions that are not arrows. */
  readonly hasArguments?: boolean;
  /** Whether it is `catch (name)`: a `var` or function further inside may have the same name. */
  readonly isPlainCatch?: boolean;
  /** Whether uses of its names are noted. */
  readonly isWatched?: boolean;
}

/** A region of the text with its own names. */
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

  /** The scope that declares a name used here; undefined if it is outside the text. */
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

/** One use of a name in the text. */
export interface NameUse {
  readonly name: string;
  readonly scope: Scope;
  readonly written: boolean;
  /** The property that is read, if nothing else is done with the name. */
  readonly member?: string | undefined;
  /** Whether it is the `eval` of a call `eval(...)`. */
  readonly isCalledEval?: boolean;
}

/**
 * Notes a use if the name is from outside the text, or of a watched scope. Call it when all declarations are
 * known.
 */
export function noteNameUse({ name, scope, written, member, isCalledEval }: NameUse): void {
  const declaring = scope.declaring(name);
  if (declaring === undefined) {
    if (isCalledEval === true) scope.uses.directEval = true;
    if (name === 'arguments') {
      scope.uses.lexical.arguments = true;
      if (written) scope.uses.lexical.writesArguments = true;
    } else scope.uses.free.note(name, written, member);
  } else if (declaring.traits.isWatched === true) {
    scope.uses.watched.note(name, written, member);
  }
}

/**
 * Hoists a function that is declared in a block: in sloppy code it is a `var` as well, unless a block in
 * between declares the same name.
 * https://tc39.es/ecma262/#sec-block-level-function-declarations-web-legacy-compatibility-semantics
 */
export function hoistFromBlock(name: string, block: Scope): void {
  for (let scope = block.parent; scope !== undefined && scope !== block.varScope; scope = scope.parent) {
    if (scope.names.has(name) && scope.traits.isPlainCatch !== true) return;
  }
  block.varScope.names.add(name);
}

/** The uses of a name that the text does not declare. */
export interface FreeName {
  readonly name: string;
  /** Whether the name is assigned to in any way, also in nested functions. */
  readonly written: boolean;
  /**
   * The properties that are read, if reading `name.property` (also `name['property']`, also to call it) is
   * all that is done with the name; otherwise undefined.
   */
  readonly members: ReadonlySet<string> | undefined;
}

/** Everything that a part of the text uses from outside the text. */
export class Uses {
  readonly free: NameUses = new NameUses();
  /** Uses of names of watched scopes. */
  readonly watched: NameUses = new NameUses();
  readonly lexical = {
    this: false,
    arguments: false,
    writesArguments: false,
    newTarget: false,
    super: false,
  };
  readonly privateNames: Set<string> = new Set();
  readonly importMetas: MetaProperty[] = [];
  dynamicImport = false;
  directEval = false;
  usesWith = false;
}

class NameUses {
  readonly byName: Map<string, FreeName & { written: boolean; members: Set<string> | undefined }> = new Map();

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
