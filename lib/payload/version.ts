/** Of condor-futures, as in package.json; both sides of a call must have the same. */
export const VERSION = '0.1.0';
