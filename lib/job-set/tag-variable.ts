/** Set in the environment of a map's jobs: the map's tag. */
export const TAG_VARIABLE = 'CONDOR_FUTURES_TAG';
