import { shellWord } from '../job-set/job-script.ts';
import { NOT_DELIVERED } from '../job-set/names.ts';

/** What a machine has, where it has no node that a call can run on. */
export interface NodeTrouble {
  /** As the machine calls itself. */
  readonly machine: string;
  /** The PATH that was searched. */
  readonly searched: string;
  /** The path of what was found by the name. */
  readonly found: string | undefined;
  /** What that says its version is; whatever it said instead. */
  readonly version: string | undefined;
}

const MARK = 'condor-futures: no usable node';

/** Of versions from 20.19 up, as a pattern of the shell. */
const NEW_ENOUGH = 'v20.19.*|v20.[2-9][0-9].*|v2[1-9].*|v[3-9][0-9].*|v[1-9][0-9][0-9].*';

/**
 * Lines of shell that end the job if its machine has no node by that name, or one that is too old, and say what there is. They take
 * some milliseconds; without them, the shell or an old node would fail in words that tell nothing.
 */
export function nodeCheck(node: string): string[] {
  const word = shellWord(node);
  const say = `printf '%s\\n' '${MARK}' "machine: $(PATH=/usr/bin:/bin uname -n)" "PATH: \${PATH-}" "found: $condor_futures_found" "version: $condor_futures_version" >&2`;
  return [
    `condor_futures_found=$(command -v ${word}) || condor_futures_found=`,
    'condor_futures_version=',
    `[ -z "$condor_futures_found" ] || condor_futures_version=$(${word} --version 2>&1) || :`,
    `case $condor_futures_version in ${NEW_ENOUGH}) ;; *) ${say}; exit ${NOT_DELIVERED} ;; esac`,
  ];
}

/** What the lines have said, at the end of what a job has written to its stderr. */
export function parseNodeCheck(stderr: string): NodeTrouble | undefined {
  const said = stderr.slice(Math.max(0, stderr.lastIndexOf(MARK)));
  const found = /^.*\nmachine: (.*)\nPATH: (.*)\nfound: (.*)\nversion: ?(.*)/.exec(said);
  if (found === null || !said.startsWith(MARK)) return undefined;
  const [, machine = '', searched = '', path, version] = found;
  return { machine, searched, found: path || undefined, version: version || undefined };
}

/** For people, in the second half of a sentence. */
export function showNodeTrouble({ machine, searched, found, version }: NodeTrouble): string {
  const where = `(on ${machine}, PATH ${searched === '' ? 'is empty' : searched})`;
  if (found === undefined) return `found no node on PATH ${where}`;
  return version !== undefined && /^v\d/.test(version)
    ? `found ${found}, which is node ${version}, and 20.19 or newer is needed ${where}`
    : `found ${found}, which is no node that runs there${version === undefined ? '' : `: it says ${version}`} ${where}`;
}
