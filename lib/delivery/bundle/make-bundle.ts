import { existsSync, realpathSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { keyOf } from '../../batch/merge-submit-options.ts';
import { DeliveryError } from '../../delivery-errors.ts';
import { MOVED_FROM, MOVED_TO } from '../../payload/moved.ts';
import { packageNameIn } from '../../payload/reference/packages.ts';
import type { Delivered, DeliveryContext } from '../delivery.ts';
import type { BundleDelivery } from './bundle-options.ts';
import { checkSize } from './check-size.ts';
import { findRoot } from './find-root.ts';
import { listFiles, type BundledFile } from './list-files.ts';
import { isWithin, packagesNeeded } from './packages-needed.ts';
import { storeFiles } from './store.ts';
import { storeNode } from './store-node.ts';
import { unpackLines } from './unpack-lines.ts';

const SIZE_LIMIT = 512 * 1024 * 1024;

/**
 * Packs the program, unless that has been done, and says how jobs find their way in it.
 * @throws {DeliveryError} {@link DirectoryError}
 */
export async function makeBundle(context: DeliveryContext): Promise<Delivered> {
  const { directory, filesystem, cwd, submit } = context;
  const options = context.options as Omit<BundleDelivery, 'method'>;
  const { node: wanted = false, sizeLimit = SIZE_LIMIT } = options;
  const form = filesystem === 'shared' ? 'directory' : 'archive';
  const root =
    options.root === undefined ? findRoot(context.main, cwd) : realRoot(resolve(cwd, options.root));
  const files = filesOf(root, options, context);
  checkSize(files, sizeLimit);
  const program = await storeFiles(directory, root, files, form);
  const ownNode = wanted === true ? await storeNode(directory, context.node, form) : undefined;
  const base = await context.ask(wanted === false || wanted === true ? 'shared' : wanted);
  if (filesystem === 'transfer') {
    return {
      ...base,
      node: ownNode === undefined ? base.node : 'node',
      setup: [...unpackLines(program, root, ownNode), ...(base.setup ?? [])],
      files: [program, ...(ownNode === undefined ? [] : [ownNode]), ...(base.files ?? [])],
    };
  }
  return {
    ...base,
    node: ownNode ?? base.node,
    submit: { ...base.submit, ...directoryFor(realpathSync(cwd), root, program, submit) },
    environment: { ...base.environment, [MOVED_FROM]: root, [MOVED_TO]: program },
  };
}

function filesOf(
  root: string,
  { include = [], exclude = [] }: Omit<BundleDelivery, 'method'>,
  { directory, execArgv }: DeliveryContext,
): BundledFile[] {
  const missing = include.find((path) => !existsSync(join(root, path)));
  if (missing !== undefined)
    throw new DeliveryError('bundle', `is to have ${missing}, and there is no ${join(root, missing)}`);
  const named = include
    .filter((path) => path.startsWith('node_modules/'))
    .map((path) => packageNameIn(path.slice('node_modules/'.length)));
  const preloaded = preloadedPackages(execArgv).filter((name) =>
    existsSync(join(root, 'node_modules', name)),
  );
  const packages = packagesNeeded(root, [...named.filter((name) => name !== undefined), ...preloaded]);
  return listFiles(
    root,
    packages,
    { include, exclude },
    existsSync(directory) ? realpathSync(directory) : directory,
  );
}

/** Packages that node is told to load before anything else, such as `--import tsx`. */
export function preloadedPackages(execArgv: readonly string[]): string[] {
  return execArgv.flatMap((argument, index) => {
    const [, inOne] = /^(?:--import|--require|--loader|--experimental-loader)=(.*)$/s.exec(argument) ?? [];
    const isBefore = /^(?:--import|--require|-r|--loader|--experimental-loader)$/.test(
      execArgv[index - 1] ?? '',
    );
    const specifier = inOne ?? (isBefore ? argument : '');
    return packageNameIn(specifier) ?? [];
  });
}

/** The jobs' machines may not have the program's current directory: they begin in the bundle's, which does not keep what they write. */
function directoryFor(
  cwd: string,
  root: string,
  program: string,
  submit: DeliveryContext['submit'],
): { initialdir?: string } {
  const isChosen = Object.keys(submit).some((name) => ['initialdir', 'iwd'].includes(keyOf(name)));
  const counterpart = join(program, relative(root, cwd));
  return isChosen || !isWithin(cwd, root) || !existsSync(counterpart) ? {} : { initialdir: counterpart };
}

function realRoot(root: string): string {
  try {
    return realpathSync(root);
  } catch (cause) {
    throw new DeliveryError('bundle', `has a \`root\` that is not there: ${root}`, { cause });
  }
}
