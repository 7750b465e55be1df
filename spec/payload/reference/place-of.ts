import { lookInside } from '../../../lib/payload/inspect/scopes.ts';
import { scriptOf } from '../../../lib/payload/inspect/scopes.ts';
import type { FunctionPlace } from '../../../lib/payload/reference/modules.ts';
import type { ReferencePolicy } from '../../../lib/payload/reference/module-policy.ts';
import type { ReferenceContext } from '../../../lib/payload/reference/reference-of.ts';

/** Where functions come from, by the inspector. */
export function inspecting(policy: ReferencePolicy = {}): ReferenceContext {
  return { policy, place: placeOf };
}

function placeOf(fn: (...args: never[]) => unknown): FunctionPlace | undefined {
  const [inside] = lookInside([fn]);
  const script = inside?.scriptId === undefined ? undefined : scriptOf(inside.scriptId);
  if (inside === undefined || script === undefined) return undefined;
  const { line, column } = inside;
  return {
    url: script.url,
    line,
    column,
    text: Function.prototype.toString.call(fn),
    loadedSource: () => script.source(),
  };
}
