import type { Uses } from './uses.ts';

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
