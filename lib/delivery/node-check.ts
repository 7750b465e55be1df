import { shellWord } from '../job-set/job-script.ts';
import { NOT_DELIVERED } from '../job-set/names.ts';

/** Findings on a machine without a usable node. */
export interface NodeTrouble {
  /** Host name that the machine reports. */
  readonly machine: string;
  /** The PATH that was searched. */
  readonly searched: string;
  /** Path of the command found by the name; undefined if there is none. */
  readonly found: string | undefined;
  /** Its output for `--version`, whatever that is. */
  readonly version: string | undefined;
}

const MARK = 'condor-futures: no usable node';

/** Shell pattern of versions from 20.19. */
const NEW_ENOUGH = 'v20.19.*|v20.[2-9][0-9].*|v2[1-9].*|v[3-9][0-9].*|v[1-9][0-9][0-9].*';

/**
 * Lines of shell that end the job with a report if its machine has no node by that name, or one that is too
 * old. They take some milliseconds; without them, the shell or an old node would fail with an unhelpful
 * message.
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

/** Parses the report of {@link nodeCheck} at the end of a job's stderr; undefined if there is none. */
export function parseNodeCheck(stderr: string): NodeTrouble | undefined {
  const said = stderr.slice(Math.max(0, stderr.lastIndexOf(MARK)));
  const found = /^.*\nmachine: (.*)\nPATH: (.*)\nfound: (.*)\nversion: ?(.*)/.exec(said);
  if (found === null || !said.startsWith(MARK)) return undefined;
  const [, machine = '', searched = '', path, version] = found;
  return { machine, searched, found: path || undefined, version: version || undefined };
}

/** Describes the findings for the second half of a sentence. */
export function showNodeTrouble({ machine, searched, found, version }: NodeTrouble): string {
  const where = `(on ${machine}, PATH ${searched === '' ? 'is empty' : searched})`;
  if (found === undefined) return `found no node on PATH ${where}`;
  return version !== undefined && /^v\d/.test(version)
    ? `found ${found}, which is node ${version}, and 20.19 or newer is needed ${where}`
    : `found ${found}, which is no node that runs there${version === undefined ? '' : `: it says ${version}`} ${where}`;
}
