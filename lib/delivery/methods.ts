import { checkChoice, checkNumber, checkOptions, showValue } from '../base/checks.ts';
import type { SubmitOptions } from '../batch/submit-options.ts';
import type { BundleDelivery } from './bundle/make-bundle.ts';
import type { AnyDelivery, CheckedDelivery, DeliveryMethod } from './delivery.ts';
import { nodeCheck } from './node-check.ts';

/**
 * The node binary that jobs run, and the program's own modules there. A name stands for the method's
 * defaults:
 * - `shared`: the binary that runs this program, at the same path (or the option `node`);
 * - `path`: the node on the PATH of the job's machine;
 * - `container`: the node in an image;
 * - `bundle`: the program's directory and its packages are packed once, with the node binary if `node` is
 *   true;
 * - any name given to {@link registerDelivery}.
 */
export type Delivery =
  | 'shared'
  | 'path'
  | 'bundle'
  | (string & {})
  | { readonly method: 'shared' }
  | PathDelivery
  | ContainerDelivery
  | BundleDelivery
  | { readonly method: string; readonly [option: string]: unknown };

const UNIVERSES = ['container', 'docker', 'apptainer'] as const;

/**
 * The node in a container image. The image needs `/bin/sh`; the container needs the directory of job sets
 * unless files are transferred.
 */
export interface ContainerDelivery {
  readonly method: 'container';
  /**
   * The image in the form that the universe accepts: `docker://node:20`, a `.sif` file, a directory or a URL;
   * for `docker` also `node:20`.
   */
  readonly image: string;
  /**
   * The container runtime: `container` lets HTCondor use the one that each machine has; `docker` uses Docker
   * only; `apptainer` is for pools that evaluate `+SingularityImage`.
   * @default 'container'
   */
  readonly universe?: (typeof UNIVERSES)[number];
  /**
   * The node binary in the image: a path, or a name for the image's PATH.
   * @default 'node'
   */
  readonly node?: string;
}

export const container: CheckedDelivery = {
  check(options, executor) {
    const owner = "delivery 'container'";
    checkOptions(owner, options, { image: ['string'], universe: ['string'], node: ['string'] });
    const { image, universe = 'container' } = options as Partial<ContainerDelivery>;
    if (image === undefined || image.trim() === '') {
      throw new TypeError(
        `Expected \`image\` of ${owner} to be the name of an image. Remedy: { method: 'container', image: 'docker://node:20' }`,
      );
    }
    if (image.includes('"'))
      throw new TypeError(`Expected \`image\` of ${owner} to have no quotes, got ${image}`);
    checkChoice('universe', universe, UNIVERSES);
    if (executor === 'LocalExecutor') {
      throw new TypeError(
        `LocalExecutor has no ${owner}: its jobs are processes of this machine. Remedy: run the program in a container itself, or leave \`delivery\` out`,
      );
    }
  },
  deliver({ options }) {
    const { node = 'node', ...rest } = options as Omit<ContainerDelivery, 'method'>;
    return { node, setup: nodeCheck(node), submit: submitFor(rest) };
  },
};

/**
 * Submit commands of a universe. For `container` and `docker`, condor_submit adds requirements for suitable
 * machines.
 */
function submitFor({ image, universe = 'container' }: Omit<ContainerDelivery, 'method'>): SubmitOptions {
  switch (universe) {
    case 'container':
      return { universe, container_image: image };
    case 'docker':
      return { universe, docker_image: image.replace(/^docker:\/\//, '') };
    case 'apptainer':
      return { '+SingularityImage': `"${image}"`, requirements: 'TARGET.HasSingularity' };
  }
}

/**
 * The node on the PATH of the job's machine after the lines of `setup`. Without a usable one the call fails
 * with what was found there.
 */
export interface PathDelivery {
  readonly method: 'path';
  /**
   * Its name on that PATH.
   * @default 'node'
   */
  readonly node?: string;
}

export const path: CheckedDelivery = {
  check: (options) => checkOptions("delivery 'path'", options, { node: ['string'] }),
  deliver: ({ options }) => {
    const { node = 'node' } = options as Omit<PathDelivery, 'method'>;
    return { node, setup: nodeCheck(node) };
  },
};

export const bundle: CheckedDelivery = {
  check(options, _executor, check) {
    const owner = "delivery 'bundle'";
    checkOptions(owner, options, {
      node: ['boolean', 'string', 'object'],
      root: ['string'],
      include: ['array of strings'],
      exclude: ['array of strings'],
      sizeLimit: ['number'],
    });
    const { node, sizeLimit = 1, include = [] } = options as Omit<BundleDelivery, 'method'>;
    checkNumber('sizeLimit', sizeLimit, 1);
    const outside = include.find((file) => /^\/|^\.\.?(?:\/|$)|\/\.\.(?:\/|$)/.test(file));
    if (outside !== undefined) {
      throw new TypeError(
        `Expected \`include\` of ${owner} to be paths below its root, such as 'data/table.bin', got ${showValue(outside)}`,
      );
    }
    if (typeof node === 'boolean' || node === undefined) return;
    if (node === 'bundle' || (typeof node === 'object' && node.method === 'bundle')) {
      throw new TypeError(`Expected \`node\` of ${owner} to be true or another delivery, got bundle`);
    }
    check(node);
  },
  // Loaded only when needed, because most programs have no bundle.
  deliver: async (context) => (await import('./bundle/make-bundle.ts')).makeBundle(context),
};

/** An executor's delivery: a method and its options. */
export interface ChosenDelivery {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly method: CheckedDelivery;
  readonly executor: string;
}

/**
 * Finds the method for the option `delivery` and checks its options; undefined for `shared`, which needs no
 * method.
 * @param executor name of the executor's class, such as `HTCondorExecutor`
 * @param node the option `node`, which is allowed with `shared` only
 * @throws {TypeError} if there is no such method, or its options are invalid
 */
export function chooseDelivery(
  executor: string,
  delivery: AnyDelivery | undefined,
  node: string | undefined,
): ChosenDelivery | undefined {
  if (delivery === undefined) return undefined;
  const { method: name, ...options } = typeof delivery === 'string' ? { method: delivery } : delivery;
  if (typeof name !== 'string') {
    throw new TypeError(
      `Expected \`delivery\` of ${executor} to be the name of a method, or an object with its name as \`method\`, got ${showValue(delivery)}`,
    );
  }
  if (name === SHARED) {
    checkShared(options);
    return undefined;
  }
  const method = methodNamed(name);
  if (node !== undefined) {
    throw new TypeError(
      `Expected either \`node\` or \`delivery\` of ${executor}, got both: the delivery '${name}' says which node it is. ` +
        `Remedy: \`delivery: { method: '${name}', node: … }\`, where it takes that`,
    );
  }
  method.check?.(options, executor, (inner) => chooseDelivery(executor, inner, undefined));
  return { name, options, method, executor };
}

/** Built-in methods besides `shared`, which means that no method is used. */
const BUILT_IN: ReadonlyMap<string, CheckedDelivery> = new Map(Object.entries({ path, container, bundle }));
const SHARED = 'shared';

const registered = new Map<string, CheckedDelivery>();

/**
 * Registers a delivery method under a name, for the option `delivery` of executors that are created
 * afterwards: a function that decides, once for each job set, which node its jobs run and what they need for
 * that.
 *
 * @example
 * registerDelivery('modules', ({ options }) => ({ node: 'node', setup: [`module load node/${options.version}`] }));
 * new HTCondorExecutor({ delivery: { method: 'modules', version: 20 } });
 * @throws {TypeError} if there is a method of that name
 */
export function registerDelivery(name: string, method: DeliveryMethod): void {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`Expected the name of a delivery to be a string, got ${showValue(name)}`);
  }
  if (knownNames().includes(name)) {
    throw new TypeError(
      `There is a delivery '${name}' already. Remedy: another name, or unregisterDelivery('${name}') if it is yours`,
    );
  }
  const deliver =
    typeof method === 'function' ? method : (method as Partial<CheckedDelivery> | null)?.deliver;
  if (typeof deliver !== 'function') {
    throw new TypeError(
      `Expected the delivery '${name}' to be a function, or an object with a function \`deliver\`, got ${showValue(method)}`,
    );
  }
  registered.set(name, typeof method === 'function' ? { deliver: method } : method);
}

/**
 * Unregisters a method; executors that use it already keep it.
 * @throws {TypeError} if no method of that name was registered
 */
export function unregisterDelivery(name: string): void {
  if (registered.delete(name)) return;
  const isBuiltIn = knownNames().includes(name);
  throw new TypeError(
    isBuiltIn
      ? `The delivery '${name}' was not registered: it belongs to condor-futures`
      : `There is no delivery '${name}' to unregister. ${listNames()}`,
  );
}

/** @throws {TypeError} if there is no method of that name */
export function methodNamed(name: string): CheckedDelivery {
  const method = BUILT_IN.get(name) ?? registered.get(name);
  if (method !== undefined) return method;
  throw new TypeError(`There is no delivery '${name}'. ${listNames()}`);
}

/** Checks the options of `shared`, which has none. */
function checkShared(options: object): void {
  checkOptions(`delivery '${SHARED}'`, options, {});
}

function knownNames(): string[] {
  return [SHARED, ...BUILT_IN.keys(), ...registered.keys()];
}

function listNames(): string {
  return `There are: ${knownNames().join(', ')}; registerDelivery() adds others`;
}
