import { checkChoice, checkNumber, checkOptions, showValue } from '../base/checks.ts';
import type { SubmitOptions } from '../batch/submit-options.ts';
import type { BundleDelivery } from './bundle/make-bundle.ts';
import type { AnyDelivery, CheckedDelivery, DeliveryMethod } from './delivery.ts';
import { nodeCheck } from './node-check.ts';

/**
 * The node binary that jobs run, and the program's own modules there. A name stands for the method's defaults:
 * - `shared`: the binary that runs this program, at the same path (or the option `node`);
 * - `path`: the node on the PATH of the job's machine;
 * - `container`: the node in an image;
 * - `bundle`: the program's directory and its packages are packed once, with the node binary if `node` is true;
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

/** The node in an image. The image needs `/bin/sh`, and the container the directory of job sets, unless files are transferred. */
export interface ContainerDelivery {
  readonly method: 'container';
  /** As the universe takes it: `docker://node:20`, a `.sif` file, a directory, a URL; for `docker`, `node:20` will do. */
  readonly image: string;
  /**
   * Who runs it: `container` leaves to HTCondor what each machine has; `docker` takes Docker alone; `apptainer` is for pools whose machines
   * look at `+SingularityImage`.
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

/** condor_submit itself requires machines that have what the first two need. */
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

/** The node that the job's machine has on its PATH, after the lines of `setup`. A machine without one fails the call with what it has instead. */
export interface PathDelivery {
  readonly method: 'path';
  /**
   * Its name there.
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
  // Most programs never need it.
  deliver: async (context) => (await import('./bundle/make-bundle.ts')).makeBundle(context),
};

/** The method of an executor, with its options. */
export interface ChosenDelivery {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly method: CheckedDelivery;
  readonly executor: string;
}

/**
 * What the option `delivery` means; undefined for `shared`, which needs nothing done.
 * @param executor whose option it is, such as `HTCondorExecutor`
 * @param node the option `node`, which only `shared` leaves to the user
 * @throws {TypeError} if there is no such method, or its options make no sense
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

/** What every program has; `shared` is what there is without any of them. */
const OWN: ReadonlyMap<string, CheckedDelivery> = new Map(Object.entries({ path, container, bundle }));
export const SHARED = 'shared';

const registered = new Map<string, CheckedDelivery>();

/**
 * Makes a method of delivery known by a name, for the option `delivery` of executors that are made from now on: a function that says, once for
 * each job set, which node its jobs run, and what they need for that.
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
  if (known().includes(name)) {
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
 * Forgets a method that was registered; executors that have it already keep it.
 * @throws {TypeError} if there is none of that name, or it is not the user's own
 */
export function unregisterDelivery(name: string): void {
  if (registered.delete(name)) return;
  const isOwn = known().includes(name);
  throw new TypeError(
    isOwn
      ? `The delivery '${name}' was not registered: it belongs to condor-futures`
      : `There is no delivery '${name}' to unregister. ${list()}`,
  );
}

/** @throws {TypeError} if there is no method of that name */
export function methodNamed(name: string): CheckedDelivery {
  const method = OWN.get(name) ?? registered.get(name);
  if (method !== undefined) return method;
  throw new TypeError(`There is no delivery '${name}'. ${list()}`);
}

/** Options of `shared`, which has none. */
export function checkShared(options: object): void {
  checkOptions(`delivery '${SHARED}'`, options, {});
}

function known(): string[] {
  return [SHARED, ...OWN.keys(), ...registered.keys()];
}

function list(): string {
  return `There are: ${known().join(', ')}; registerDelivery() adds others`;
}
