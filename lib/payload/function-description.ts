/** Any function that can be called on another machine. */
// oxlint-disable-next-line typescript/no-explicit-any -- only `any` accepts every list of parameters
export type AnyFunction = (...args: any[]) => unknown;

/** A function as text: what the execute side needs in order to have the same function. */
export type FunctionDescription =
  | {
      readonly kind: 'source';
      readonly name: string;
      readonly source: string;
      /** `method`: the source is that of a method, `name() {}`, and so no expression. */
      readonly form: 'expression' | 'method';
      readonly strict: boolean;
      /** `import()` and `require` inside the function resolve from here. */
      readonly directory: string;
    }
  | {
      readonly kind: 'module';
      readonly module: string;
      readonly exportName: string;
      readonly directory: string;
    }
  /** A global of JavaScript itself, such as `Math.sqrt`. */
  | { readonly kind: 'builtin'; readonly path: readonly string[] };
