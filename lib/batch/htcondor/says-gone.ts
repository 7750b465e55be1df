/**
 * Whether condor_rm failed only because jobs have left the queue, or are about to. Where the schedd does not answer it says that it could
 * not find them as well, but above that, why.
 */
export function saysGone(stderr: string): boolean {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 0 && lines.every((line) => GONE.test(line));
}

const GONE = /^Job \S+ (not found|already marked for removal)|^Couldn't find/;
