import { resolve as absolute, sep } from 'node:path';
import { types } from 'node:util';
import type { RequireReference } from './reference.ts';

/** The reference to a `require` function: one that Node or a test runner gives a file, or that `createRequire` made. */
export function requireOf(value: unknown): RequireReference | undefined {
  if (typeof value !== 'function' || types.isProxy(value)) return undefined;
  const { resolve, cache, extensions } = Object.getOwnPropertyDescriptors(value) as Partial<
    Record<string, PropertyDescriptor>
  >;
  if (resolve === undefined || cache === undefined || extensions === undefined) return undefined;
  const paths = (resolve.value as { paths?: unknown } | undefined)?.paths;
  if (typeof paths !== 'function') return undefined;
  // Where it looks for what lies beside the file: the file's directory.
  const [directory] = ((paths as (request: string) => unknown)('./x') ?? []) as string[];
  return typeof directory === 'string' ? { kind: 'require', parent: absolute(directory) + sep } : undefined;
}
