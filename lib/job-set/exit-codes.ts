/** EX_IOERR of sysexits.h: the runner's exit code where not even a few words of an outcome could be written. */
export const CANNOT_WRITE = 74;
/** EX_UNAVAILABLE: that of a job whose machine has no node for it, or cannot unpack it. */
export const NOT_DELIVERED = 69;
