/** EX_IOERR of sysexits.h: the runner's exit code where not even a few words of an outcome could be written. */
export const CANNOT_WRITE = 74;
/**
 * That of a job whose submission was revoked before it began: its call is made by another one. A code without a meaning elsewhere, as a call may end
 * its process with one of its own.
 */
export const TURNED_AWAY = 187;
/** EX_UNAVAILABLE: that of a job whose machine has no node for it, or cannot unpack it. */
export const NOT_DELIVERED = 69;
