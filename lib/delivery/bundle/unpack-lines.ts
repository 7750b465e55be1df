import { basename } from 'node:path';
import { NOT_DELIVERED } from '../../job-set/exit-codes.ts';
import { shellWord } from '../../job-set/shell-word.ts';
import { MOVED_FROM, MOVED_TO } from '../../payload/moved.ts';

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
