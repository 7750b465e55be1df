import type { ObjectNode, Properties } from '../graph.ts';

/** What stands for `import * as` of a module that a job cannot load: an object that looks like it, with exports as they are now. */
export function namespaceNode({ keys, values }: Properties): ObjectNode {
  return { kind: 'namespace', prototype: null, properties: { keys, values }, fixed: true };
}
