/** The argument of a thread that watches the time, in place of the job set's directory. */
export const WATCH_TIME = 'watch-time';
