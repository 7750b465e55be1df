import { runInThisContext } from 'node:vm';
import { timesEnabled } from './debugger.ts';
import { hook, idsOf, KEY } from './exchange.ts';
import { post } from './inspector.ts';
import { findInside, type FunctionInside } from './scopes.ts';
import { stopAtEntry, type EntryRules } from './stop-at-entry.ts';

/**
 * Whether functions can be stopped at their beginning now: tried with functions of ours, the first time with several that
 * tell whether their code ran. Needs the debugger.
 * @param probeId that of `probe`
 */
export function canStop(probeId: string): boolean {
  if (checkedAt === timesEnabled) return true;
  if (!isProbeHit(probeId) || (checkedAt === 0 && !areSamplesStopped())) return false;
  checkedAt = timesEnabled;
  return true;
}

/** When it was found out the last time. */
let checkedAt = 0;

/** Does nothing; a text, as compilers leave calls of such functions out. */
export const probe: () => void = runInThisContext('(function () {})') as () => void;

/** Breakpoints are passed over while somebody's debugger evaluates something, such as an expression to watch. */
function isProbeHit(objectId: string): boolean {
  let isHit = false;
  hook.hit = () => (isHit = true);
  const condition = `(${KEY}.hit(), false)`;
  const { breakpointId } = post('Debugger.setBreakpointOnFunctionCall', { objectId, condition });
  probe();
  post('Debugger.removeBreakpoint', { breakpointId });
  return isHit;
}

function areSamplesStopped(): boolean {
  const mark = {};
  const { samples, ran } = (runInThisContext(SAMPLES) as (this: object, mark: object) => Samples).call(
    mark,
    mark,
  );
  return samples.every(({ fn, expression, rules }) => {
    const [objectId] = idsOf([fn]) as [string];
    const [inside] = findInside([objectId]) as [FunctionInside];
    const entered = stopAtEntry({ fn, objectId, inside }, expression, rules);
    return ran() === 0 && entered !== 'not stopped' && entered.ok && entered.value === mark;
  });
}

interface Samples {
  readonly samples: readonly {
    readonly fn: Function;
    /** Its value at the beginning of the function is `mark`. */
    readonly expression: string;
    readonly rules: EntryRules;
  }[];
  /** How much of their code has run so far. */
  readonly ran: () => number;
}

/** A text, so that no compiler changes what it says. */
const SAMPLES = `(function (mark) {
  let count = 0;
  const ran = () => count;
  const rules = { plainParameters: true, certainEntry: true };
  return {
    ran,
    samples: [
      { fn: () => { count += 1; return this; }, expression: 'this', rules },
      { fn: async () => { count += 1; return this; }, expression: 'this', rules },
      { fn: () => [this, count += 1], expression: 'this', rules },
      { fn: function () { count += 1; return mark; }, expression: 'mark', rules },
      { fn: function* () { count += 1; yield mark; }, expression: 'mark', rules },
      { fn: async function* () { count += 1; yield mark; }, expression: 'mark', rules },
      {
        fn: (a = count += 1, { b = count += 1, ...c } = {}, [d = ran(count += 1), ...e] = []) => { count += 1; return this; },
        expression: 'this',
        rules: { plainParameters: false, certainEntry: false },
      },
    ],
  };
})`;
