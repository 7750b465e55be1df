/** Any function that can be called on another machine. */
// oxlint-disable-next-line typescript/no-explicit-any -- only `any` accepts every list of parameters
export type AnyFunction = (...args: any[]) => unknown;
