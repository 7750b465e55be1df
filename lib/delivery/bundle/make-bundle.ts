import { existsSync, realpathSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { DeliveryError } from '../../base/errors.ts';
import { keyOf } from '../../batch/submit-options.ts';
import { shellWord } from '../../job-set/job-script.ts';
import { NOT_DELIVERED } from '../../job-set/names.ts';
import { MOVED_FROM, MOVED_TO } from '../../payload/relocated-paths.ts';
import { packageNameIn } from '../../payload/reference/packages.ts';
import type { AnyDelivery, Delivered, DeliveryContext } from '../delivery.ts';
import { type BundledFile, checkSize, findRoot, isWithin, listFiles, packagesNeeded } from './files.ts';
import { storeFiles, storeNode } from './store.ts';

const SIZE_LIMIT = 512 * 1024 * 1024;

/**
 * The program's own modules for machines that do not have them: its directory and the packages that it needs are packed once, and kept in
 * `<directory>/bundles` by what is in them.
 */
export interface BundleDelivery {
  readonly method: 'bundle';
  /**
   * How the jobs come by node: `true` packs the binary that runs this program; or any other delivery.
   * @default 'shared'
   */
  readonly node?: boolean | AnyDelivery;
  /**
   * The directory that is packed.
   * @default the nearest one above the program's file with a package.json
   */
  readonly root?: string;
  /** Paths below the root to take though they are usually left out, such as `.env`; `node_modules/<name>` takes a package, with all that it needs. */
  readonly include?: readonly string[];
  /** What to leave out: names of files or directories, wherever they are, or paths below the root; `*` is anything but a slash. */
  readonly exclude?: readonly string[];
  /**
   * How large the files may be together, in bytes, before they are packed.
   * @default 536870912 (512 MiB)
   */
  readonly sizeLimit?: number;
}

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

/** In the scratch directory of a job. */
const PROGRAM = 'condor-futures-program';
const BIN = 'condor-futures-bin';

/**
 * Lines of shell that unpack what was brought to the job's scratch directory, which is nobody else's.
 * @param archive of the program's files, and `node` a packed binary, by their paths where they come from
 * @param root where the program's files are there
 */
export function unpackLines(archive: string, root: string, node: string | undefined): string[] {
  return [
    'condor_futures_home=${condor_futures_scratch:-${_CONDOR_SCRATCH_DIR:-$PWD}}',
    `condor_futures_unpack() { "$@" || { echo 'condor-futures: the program cannot be unpacked in '"$condor_futures_home" >&2; exit ${NOT_DELIVERED}; }; }`,
    `condor_futures_unpack mkdir -p "$condor_futures_home/${PROGRAM}"`,
    `condor_futures_unpack tar -xzf "$condor_futures_home"/${shellWord(basename(archive))} -C "$condor_futures_home/${PROGRAM}"`,
    `export ${MOVED_FROM}=${shellWord(root)}`,
    `export ${MOVED_TO}="$condor_futures_home/${PROGRAM}"`,
    // What is named on node's command line, such as \`--import tsx\`, is looked for from the current directory.
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
