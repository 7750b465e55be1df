import { runInThisContext } from 'node:vm';

type NodeModuleClass = typeof import('node:module') & {
  /** The modules of `require`, by file. */
  readonly _cache: Readonly<Record<string, NodeJS.Module | undefined>>;
};

/** The global object that Node began with; under a test runner, this code's own may be another. */
export const mainGlobal = runInThisContext('globalThis') as typeof globalThis;

/** The process object itself; a test runner may show its tests a copy. */
export const mainProcess: NodeJS.Process & { readonly moduleLoadList: readonly string[] } =
  mainGlobal.process as NodeJS.Process & { readonly moduleLoadList: readonly string[] };

/** `node:module` itself. */
export const nodeModule = mainProcess.getBuiltinModule('node:module') as unknown as NodeModuleClass;
