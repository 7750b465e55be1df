import type { ClassNode, Context, FunctionNode, Slot } from '../graph.ts';
import type { Scope } from '../inspect/scopes.ts';
import type { Capture } from './capture.ts';
import type { CodeInfo } from './code-info.ts';
import { partition } from './probe.ts';

/** One of V8's scopes, as one function shows it. */
export interface View {
  readonly info: CodeInfo;
  readonly scope: Scope;
}

/** A scope that functions were found to share, and what of it is sent. */
interface Shared {
  readonly parent: Shared | undefined;
  readonly file: number;
  readonly slots: ReadonlyMap<string, Slot>;
  readonly class?: number;
}

/**
 * The scopes that functions share, as contexts: what one assigns, the others see. V8 shows each function copies of its scopes; two
 * copies are of one scope if they lie within one scope, have the same variables with the same values, and, where that proves
 * nothing because a function assigns to one of the variables, if an assignment through the one is seen through the other.
 *
 * Sets the context of each function's node.
 */
export function buildContexts(capture: Capture, infos: readonly CodeInfo[]): Context[] {
  const innermost = new Map<CodeInfo, Shared>();
  const chains = new Map(infos.map((info) => [info, chainOf(info)]));
  const deepest = [...chains.values()].reduce((most, { length }) => Math.max(most, length), 0);
  for (let level = 0; level < deepest; level += 1) {
    const views = infos.flatMap((info): View[] => {
      const scope = chains.get(info)?.[level];
      return scope === undefined ? [] : [{ info, scope }];
    });
    for (const alike of groupAlike(views, innermost)) {
      for (const group of partition(capture, alike)) {
        const [first] = group as [View, ...View[]];
        const parent = innermost.get(first.info);
        const shared = { parent, file: first.info.place.file, slots: slotsOf(group) };
        for (const { info } of group) innermost.set(info, shared);
      }
    }
  }
  return new Numbering(capture, infos, innermost).contexts;
}

/** The scopes of a function, outermost first. */
function chainOf({ inside }: CodeInfo): Scope[] {
  return inside.scopes.toReversed();
}

/** Views that may be of one scope: of one script, within one scope, of one kind, with equal variables. */
function groupAlike(views: readonly View[], innermost: ReadonlyMap<CodeInfo, Shared>): View[][] {
  const groups = new Map<string, View[]>();
  const numbers = new Map<unknown, number>();
  for (const view of views) {
    const parts = [innermost.get(view.info), ...traitsOf(view)];
    // Numbered, so that equal ones are found without comparing each with each.
    const key = parts.map((part) => numberOf(numbers, part)).join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [view]);
    else group.push(view);
  }
  return [...groups.values()];
}

function traitsOf({ info, scope: { type, description, variables } }: View): unknown[] {
  const { scriptId } = info.inside;
  // There is one of these for each script.
  return type === 'module'
    ? [type, scriptId]
    : [type, description, scriptId, ...Object.entries(variables).flat()];
}

function numberOf(numbers: Map<unknown, number>, value: unknown): number {
  const known = numbers.get(value);
  if (known !== undefined) return known;
  numbers.set(value, numbers.size);
  return numbers.size - 1;
}

/** The variables of a scope that functions use. */
function slotsOf(group: readonly View[]): Map<string, Slot> {
  const slots = new Map<string, Slot>();
  for (const { info, scope } of group) {
    for (const binding of info.bindings) if (binding.scope === scope) slots.set(binding.name, binding.slot);
  }
  return slots;
}

/** Gives the contexts that are needed their indices, each after the one around it, and tells the functions theirs. */
class Numbering {
  readonly contexts: Context[] = [];
  readonly #indices = new Map<Shared, number>();
  /** For scopes in the body of a class: a scope between them and those around the class. */
  readonly #bodies = new Map<number, Shared>();
  /** New parents of scopes that lie in the body of a class. */
  readonly #moved = new Map<Shared, Shared>();

  constructor(capture: Capture, infos: readonly CodeInfo[], innermost: ReadonlyMap<CodeInfo, Shared>) {
    const byNode = new Map(infos.map((info) => [info.index, info]));
    const bodyOf = new Map<CodeInfo, Shared>();
    for (const info of infos) {
      const home = info.homeClass === undefined ? undefined : byNode.get(info.homeClass);
      if (home !== undefined)
        bodyOf.set(info, this.#moveIntoBody(innermost.get(info), home, innermost.get(home)));
    }
    for (const info of infos) {
      const node = capture.nodes[info.index] as FunctionNode | ClassNode;
      const own = innermost.get(info);
      const body = bodyOf.get(info);
      const isOutside = body !== undefined && own === body.parent;
      node.context = this.#number(isOutside ? body : own);
      if (info.homeClass !== undefined) node.body = info.homeClass;
    }
  }

  #moveIntoBody(own: Shared | undefined, home: CodeInfo, around: Shared | undefined): Shared {
    const body = this.#bodies.get(home.index) ?? {
      parent: around,
      file: home.place.file,
      slots: new Map(),
      class: home.index,
    };
    this.#bodies.set(home.index, body);
    for (let scope = own; scope !== undefined && scope !== around; scope = scope.parent) {
      if (scope.parent === around) this.#moved.set(scope, body);
    }
    return body;
  }

  #number(shared: Shared | undefined): number {
    if (shared === undefined) return -1;
    const known = this.#indices.get(shared);
    if (known !== undefined) return known;
    const parent = this.#number(this.#moved.get(shared) ?? shared.parent);
    const { file, slots } = shared;
    if (slots.size === 0 && shared.class === undefined) {
      this.#indices.set(shared, parent);
      return parent;
    }
    const owner = shared.class === undefined ? {} : { class: shared.class };
    const index =
      this.contexts.push({ parent, file, names: [...slots.keys()], values: [...slots.values()], ...owner }) -
      1;
    this.#indices.set(shared, index);
    return index;
  }
}
