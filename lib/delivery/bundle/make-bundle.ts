import { existsSync, realpathSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { DeliveryError } from '../../base/errors.ts';
import { MEBIBYTE } from '../../base/memory.ts';
import { keyOf } from '../../batch/submit-options.ts';
import { shellWord } from '../../job-set/job-script.ts';
import { NOT_DELIVERED } from '../../job-set/names.ts';
import { MOVED_FROM, MOVED_TO } from '../../payload/relocated-paths.ts';
import { packageNameIn } from '../../payload/reference/packages.ts';
import type { AnyDelivery, Delivered, DeliveryContext } from '../delivery.ts';
import { type BundledFile, checkSize, findRoot, isWithin, listFiles, packagesNeeded } from './files.ts';
import { storeFiles, storeNode } from './store.ts';

const SIZE_LIMIT = 512 * MEBIBYTE;

/**
 * The program's own modules for machines that do not have them: its directory and the packages that it needs
 * are packed once, and stored in `<directory>/bundles` by content hash.
 */
export interface BundleDelivery {
  readonly method: 'bundle';
  /**
   * The node of the jobs: `true` packs the binary that runs this program; otherwise another delivery.
   * @default 'shared'
   */
  readonly node?: boolean | AnyDelivery;
  /**
   * The directory to pack.
   * @default the nearest one above the program's file with a package.json
   */
  readonly root?: string;
  /**
   * Paths below the root to pack though they are excluded by default, such as `.env`; `node_modules/<name>`
   * adds a package and its dependencies.
   */
  readonly include?: readonly string[];
  /**
   * Excluded files and directories: names at any depth, or paths below the root; `*` matches anything but a
   * slash.
   */
  readonly exclude?: readonly string[];
  /**
   * Maximum total size of the files in bytes, before they are packed.
   * @default 536870912 (512 MiB)
   */
  readonly sizeLimit?: number;
}

/**
 * Packs the program, unless the same bundle exists, and returns how jobs use it.
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

/** Packages that node's arguments preload, such as `--import tsx`. */
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

/**
 * The `initialdir` for jobs: the bundle's copy of the current directory, because their machines may not have
 * the original.
 */
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

/** Names in the scratch directory of a job. */
const PROGRAM = 'condor-futures-program';
const BIN = 'condor-futures-bin';

/**
 * Lines of shell that unpack transferred archives in the job's scratch directory.
 * @param archive path of the program's archive on the submit machine
 * @param root path of the program's directory there
 * @param node path of the packed node binary there; undefined if there is none
 */
export function unpackLines(archive: string, root: string, node: string | undefined): string[] {
  return [
    'condor_futures_home=${condor_futures_scratch:-${_CONDOR_SCRATCH_DIR:-$PWD}}',
    `condor_futures_unpack() { "$@" || { echo 'condor-futures: the program cannot be unpacked in '"$condor_futures_home" >&2; exit ${NOT_DELIVERED}; }; }`,
    `condor_futures_unpack mkdir -p "$condor_futures_home/${PROGRAM}"`,
    `condor_futures_unpack tar -xzf "$condor_futures_home"/${shellWord(basename(archive))} -C "$condor_futures_home/${PROGRAM}"`,
    `export ${MOVED_FROM}=${shellWord(root)}`,
    `export ${MOVED_TO}="$condor_futures_home/${PROGRAM}"`,
    // Packages on node's command line, such as `--import tsx`, are resolved from the current directory.
    `[ -e "$condor_futures_home/node_modules" ] || ln -s ${PROGRAM}/node_modules "$condor_futures_home/node_modules"`,
    ...(node === undefined ? [] : unpackNode(node)),
  ];
}

function unpackNode(node: string): string[] {
  const binary = `"$condor_futures_home/${BIN}/node"`;
  return [
    `condor_futures_unpack mkdir -p "$condor_futures_home/${BIN}"`,
    `condor_futures_unpack gzip -dc "$condor_futures_home"/${shellWord(basename(node))} >${binary}`,
    `condor_futures_unpack chmod 700 ${binary}`,
    `export PATH="$condor_futures_home/${BIN}:$PATH"`,
  ];
}
