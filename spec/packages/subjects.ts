import type { Subject } from './subject.ts';
import { DATA } from './subjects/data.ts';
import { FUNCTIONAL } from './subjects/functional.ts';
import { MATHS } from './subjects/maths.ts';
import { NETWORK } from './subjects/network.ts';
import { PLACES_AND_TIMES } from './subjects/places-and-times.ts';
import { SCIENCE } from './subjects/science.ts';
import { TEXT } from './subjects/text.ts';
import { VALIDATION } from './subjects/validation.ts';

/** All subjects. */
export const SUBJECTS: readonly Subject[] = [
  ...DATA,
  ...MATHS,
  ...PLACES_AND_TIMES,
  ...FUNCTIONAL,
  ...VALIDATION,
  ...TEXT,
  ...SCIENCE,
  ...NETWORK,
];
