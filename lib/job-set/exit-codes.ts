/** EX_IOERR of sysexits.h: the runner's exit code where not even a few words of an outcome could be written. */
export const CANNOT_WRITE = 74;
