/** Way to find a value in another process without sending it. Plain data, which can be written as JSON. */
export type Reference =
  | IntrinsicReference
  | BuiltinReference
  | ModuleReference
  | ImportReference
  | RequireReference
  | VariableReference;

/** Part of the language or a global of Node, of which each process has its own. */
export interface IntrinsicReference {
  readonly kind: 'intrinsic';
  /**
   * Path such as `Math.sqrt`, `Array.prototype[Symbol.iterator]`, `get Map.prototype.size` or
   * `%AsyncFunction%`; `key C.prototype[k]` is the symbol `k` itself.
   */
  readonly path: string;
}

/** A module of Node itself, such as `fs`, or an export of it. */
export interface BuiltinReference {
  readonly kind: 'builtin';
  /** Name without `node:`. */
  readonly module: string;
  /** Path from the module's object; empty for the object, which is its default export. */
  readonly path: readonly Step[];
  /** Part of the last property, if not its value; `namespace` is the value of `import * as`. */
  readonly part?: Part | 'namespace';
}

/** A module in a file, or an export of it. */
export interface ModuleReference {
  readonly kind: 'module';
  readonly url: string;
  readonly format: 'commonjs' | 'module';
  /** Path from `module.exports`, or from the namespace of an ES module; empty for these themselves. */
  readonly path: readonly Step[];
  readonly part?: Part;
  /** Package of the file, by which it is found if it has another path. */
  readonly package?: PackageFile;
  /** SHA-256 of the text of the last function on the path, or of the file if there is none. */
  readonly textHash?: string;
}

/** Value of an import statement, or of a call of `require`, resolved as by that. */
export interface ImportReference {
  readonly kind: 'import';
  readonly specifier: string;
  /** URL of the file with the statement. */
  readonly parent: string;
  /** Name of the export, `default` or `*`; `*` for all that `require` returns. */
  readonly imported: string;
  /** Whether it is loaded by `require`, for which a package may have other files. */
  readonly by?: 'require';
  readonly package?: Omit<PackageFile, 'subpath'>;
  /** Path from the imported value, and the part of its last property. */
  readonly path?: readonly Step[];
  readonly part?: Part;
  /** Whether the value must be a function. */
  readonly callable?: true;
}

/** The function `require` of a file. */
export interface RequireReference {
  readonly kind: 'require';
  /** The file, or its directory with a slash at the end, from which the same modules are found. */
  readonly parent: string;
}

/**
 * A variable of a module that the module need not export, such as a class, a private symbol, or a WeakMap with
 * the state of instances.
 */
export interface VariableReference {
  readonly kind: 'variable';
  /** An exported function in whose scope the variable is. */
  readonly seenBy: ModuleReference | ImportReference;
  readonly name: string;
  /** Path from the value of the variable, and the part of its last property. */
  readonly path?: readonly Step[];
  readonly part?: Part;
  /** Type of the value of the variable, such as `symbol` or `WeakMap`. */
  readonly type: string;
  /** SHA-256 of the text of the last function on the path. */
  readonly textHash?: string;
}

/** A property: its name, or a symbol by its description (`Symbol.iterator`). */
export type Step = string | { readonly symbol: string };

/** The value of a property, its getter or setter, or its key, where that is a symbol. */
export type Part = 'value' | 'get' | 'set' | 'key';

export interface PackageFile {
  readonly name: string;
  readonly version: string;
  /** Path of the file from the package's directory. */
  readonly subpath: string;
  /** The same of the file to load before, because it may add to what the file exports. */
  readonly entry?: string;
}
