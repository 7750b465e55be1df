/** How a value is found again in another process, where it need not travel itself. Plain data: it can be written as JSON. */
export type Reference =
  IntrinsicReference | BuiltinReference | ModuleReference | ImportReference | RequireReference;

/** What belongs to the language or is a global of Node: each process has its own. */
export interface IntrinsicReference {
  readonly kind: 'intrinsic';
  /**
   * `Math.sqrt`, `Array.prototype[Symbol.iterator]`, `get Map.prototype.size`, `%AsyncFunction%`; `key C.prototype[k]` is the
   * symbol `k` itself.
   */
  readonly path: string;
}

/** A module of Node itself, such as `fs`, or what it exports. */
export interface BuiltinReference {
  readonly kind: 'builtin';
  /** Without `node:`. */
  readonly module: string;
  /** From the module's object; empty for the object, which is its default export. */
  readonly path: readonly Step[];
  /** What of the path's end is meant, if not the value there; `namespace`: what `import * as` gives. */
  readonly part?: Part | 'namespace';
}

/** A module in a file, or what it exports. */
export interface ModuleReference {
  readonly kind: 'module';
  readonly url: string;
  readonly format: 'commonjs' | 'module';
  /** From `module.exports`, or from the namespace of an ES module; empty for these themselves. */
  readonly path: readonly Step[];
  readonly part?: Part;
  /** The package that the file belongs to, by which it is found where it lies elsewhere. */
  readonly package?: PackageFile;
  /** SHA-256 of the text of the last function on the way, the target included; of the file if there is none on it. */
  readonly textHash?: string;
}

/** What an import statement gives, looked up as that statement does it. */
export interface ImportReference {
  readonly kind: 'import';
  readonly specifier: string;
  /** The URL of the file with the statement. */
  readonly parent: string;
  /** A name, `default`, or `*`. */
  readonly imported: string;
  readonly package?: Omit<PackageFile, 'subpath'>;
  /** It is to be a function. */
  readonly callable?: true;
}

/** The function `require` of a file. */
export interface RequireReference {
  readonly kind: 'require';
  /** The file, or its directory with a slash at the end: they find the same modules. */
  readonly parent: string;
}

/** A property: its name, or a symbol by its description (`Symbol.iterator`). */
export type Step = string | { readonly symbol: string };

/** The value of a property, its getter or setter, or its key, where that is a symbol. */
export type Part = 'value' | 'get' | 'set' | 'key';

export interface PackageFile {
  readonly name: string;
  readonly version: string;
  /** Of the file, from the package's directory. */
  readonly subpath: string;
}
