/** Set in the environment of a job. Its value is the URL of the file that submitted it, or `''` if there was none. */
export const JOB_VARIABLE = 'CONDOR_FUTURES_JOB';
