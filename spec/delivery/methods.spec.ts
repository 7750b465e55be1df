import { afterEach, describe, expect, it } from '@jest/globals';
import {
  chooseDelivery,
  type Delivery,
  registerDelivery,
  unregisterDelivery,
} from '../../lib/delivery/methods.ts';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { LocalExecutor } from '../../lib/executors/local-executor.ts';

const choose = (delivery?: Delivery, node?: string): ReturnType<typeof chooseDelivery> =>
  chooseDelivery('HTCondorExecutor', delivery, node);

const module = (): { node: string } => ({ node: 'node' });

describe('The option `delivery`', () => {
  it('is nothing to be done for `shared`, which leaves `node` to the user', () => {
    expect([choose(), choose('shared'), choose({ method: 'shared' }), choose('shared', '/opt/node')]).toEqual(
      [undefined, undefined, undefined, undefined],
    );
  });

  it('is a name, or an object with options', () => {
    expect(choose('path')).toMatchObject({ name: 'path', options: {} });
    expect(choose({ method: 'path', node: 'node22' })).toMatchObject({
      name: 'path',
      options: { node: 'node22' },
    });
  });

  it.each<[object, string]>([
    [{ delivery: 'conda' }, "There is no delivery 'conda'. There are: shared, path, container"],
    [{ delivery: 7 }, 'Expected `delivery` of HTCondorExecutor to be a string or an object'],
    [{ delivery: { image: 'x' } }, 'or an object with its name as `method`'],
    [{ delivery: { method: 'shared', node: 'x' } }, "delivery 'shared' has no option `node`"],
    [{ delivery: { method: 'path', nod: 'x' } }, "delivery 'path' has no option `nod`. Its options: node"],
    [{ delivery: { method: 'path', node: 7 } }, "Expected `node` of delivery 'path' to be a string"],
    [
      { delivery: 'container' },
      "Expected `image` of delivery 'container' to be the name of an image. Remedy:",
    ],
    [
      { delivery: { method: 'container', image: 'x', universe: 'vm' } },
      'to be one of container, docker, apptainer',
    ],
    [
      { delivery: 'path', node: 'node22' },
      "got both: the delivery 'path' says which node it is. Remedy: `delivery:",
    ],
  ])('is refused with what it may be: %j', (options, message) => {
    expect(() => new HTCondorExecutor(options as never)).toThrow(message);
  });

  it('has no container for LocalExecutor', () => {
    const delivery = { method: 'container', image: 'docker://node:20' } as const;
    expect(() => new LocalExecutor({ delivery })).toThrow(
      "LocalExecutor has no delivery 'container': its jobs are",
    );
  });
});

describe('A method of delivery', () => {
  afterEach(() => {
    for (const name of ['mine', 'checked']) {
      try {
        unregisterDelivery(name);
      } catch {
        // The spec has done it, or has not come to registering it.
      }
    }
  });

  it('can be registered, and forgotten', () => {
    registerDelivery('mine', module);
    const chosen = choose({ method: 'mine', version: 20 });
    expect(chosen).toMatchObject({ name: 'mine', options: { version: 20 } });
    expect(chosen?.method.deliver).toBe(module);
    unregisterDelivery('mine');
    expect(() => choose('mine')).toThrow("There is no delivery 'mine'");
  });

  it('may look at its options when the executor is made', () => {
    const check = (options: object, executor: string): void => {
      throw new TypeError(`${executor}: ${JSON.stringify(options)}`);
    };
    registerDelivery('checked', { check, deliver: module });
    expect(() => choose({ method: 'checked', a: 1 })).toThrow('HTCondorExecutor: {"a":1}');
  });

  it.each(['shared', 'path', 'container', 'mine'])('has a name of its own: %s', (name) => {
    registerDelivery('mine', module);
    expect(() => registerDelivery(name, module)).toThrow(
      `There is a delivery '${name}' already. Remedy: another name`,
    );
  });

  it('is refused if it is none', () => {
    expect(() => registerDelivery('', module)).toThrow('Expected the name of a delivery to be a string');
    for (const none of [undefined, null, {}, 'path'])
      expect(() => registerDelivery('mine', none as never)).toThrow(
        "Expected the delivery 'mine' to be a function",
      );
  });

  it("is not forgotten if it is condor-futures' own, or not there", () => {
    expect(() => unregisterDelivery('path')).toThrow("The delivery 'path' was not registered");
    expect(() => unregisterDelivery('mine')).toThrow(
      "There is no delivery 'mine' to unregister. There are: shared,",
    );
  });
});
