import type { ItemOutcome } from '../payload/call.ts';
import { recordScene } from './record-scene.ts';
import { thrownOf } from './results-reader.ts';

/** What is to be told of a call that has thrown. Never throws. */
export function failureOf(error: unknown): Extract<ItemOutcome, { thrown: unknown }> {
  const thrown = thrownOf(error);
  // Only of components of maps is there ever a report.
  const scene = process.env['CONDOR_FUTURES_TAG'] === undefined ? undefined : recordScene(error);
  return scene === undefined ? { thrown } : { thrown, scene };
}
