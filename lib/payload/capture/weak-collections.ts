import { types } from 'node:util';
import type { Node, Slot } from '../graph.ts';
import { weakEntries } from '../inspect/slots.ts';
import type { Capture } from './capture.ts';

/** Entries of WeakMaps and WeakSets travel if their keys do: others could never be looked up. */
export class WeakCollections {
  readonly #capture: Capture;
  readonly #noted: { index: number; entries: [object, unknown][]; slots: Slot[]; isMap: boolean }[] = [];

  constructor(capture: Capture) {
    this.#capture = capture;
  }

  note(index: number, collection: WeakMap<object, unknown> | WeakSet<object>): void {
    this.#noted.push({
      index,
      entries: weakEntries(collection),
      slots: [],
      isMap: types.isWeakMap(collection),
    });
  }

  /** @returns whether more has been come by, so that there may be more keys */
  capturePending(): boolean {
    let found = false;
    for (const noted of this.#noted) {
      const { index, slots, isMap } = noted;
      noted.entries = noted.entries.filter(([key, value]) => {
        const known = this.#capture.indexOf(key);
        if (known === undefined) return true;
        slots.push([known]);
        if (isMap) slots.push(this.#capture.slot(value, index, { by: 'entry', key }));
        found = true;
        return false;
      });
      Object.assign(this.#capture.nodes[index] as Node, { entries: slots });
    }
    return found;
  }
}
