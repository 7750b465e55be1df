import { describe, expect, it } from '@jest/globals';
import { checkSubmitOptions } from '../../lib/batch/htcondor/submit-description.ts';
import { DeliveryError } from '../../lib/base/errors.ts';
import { deliver } from '../../lib/delivery/deliver.ts';
import type { Delivered, DeliveryContext } from '../../lib/delivery/delivery.ts';
import { methodNamed } from '../../lib/delivery/methods.ts';
import { thrownBy } from '../support/thrown-by.ts';

const about: Omit<DeliveryContext, 'options' | 'ask'> = {
  directory: '/shared/jobs',
  filesystem: 'shared',
  system: 'HTCondor',
  cwd: '/home/me',
  main: '',
  node: '/usr/bin/node',
  execArgv: [],
  submit: { request_memory: '1GB', '+Project': '"x"' },
};
const system = { checkSubmitOptions };

async function ask(answer: unknown, more: Partial<typeof about> = {}): Promise<Delivered> {
  const method = { deliver: () => answer as Delivered };
  return deliver({ name: 'mine', options: {}, method, executor: 'HTCondorExecutor' }, system, {
    ...about,
    ...more,
  });
}

describe('What a method of delivery returns', () => {
  it('is filled in', async () => {
    const empty = { setup: [], submit: {}, files: [], environment: {} };
    expect(await ask({ node: 'node', setup: undefined })).toEqual({ node: 'node', ...empty });
    expect(await ask(Promise.resolve({ node: 'node' }))).toEqual({ node: 'node', ...empty });
  });

  it('gives the requirements their usual name', async () => {
    const { submit } = await ask({ node: 'node', submit: { Requirements: 'A', universe: 'vanilla' } });
    expect(submit).toEqual({ requirements: 'A', universe: 'vanilla' });
  });

  it('may have files where files are transferred', async () => {
    const answer = { node: 'node', files: ['/opt/node.tar.gz'] };
    expect(await ask(answer, { filesystem: 'transfer' })).toMatchObject(answer);
  });

  it.each<[unknown, string]>([
    [undefined, 'Expected the options of what a delivery returns to be an object'],
    [{}, 'Expected `node` of what it returns to be a path or a name'],
    [{ node: '' }, 'Expected `node` of what it returns to be a path or a name'],
    [{ node: 'node', lines: [] }, 'what a delivery returns has no option `lines`'],
    [{ node: 'node', setup: 'x' }, 'Expected `setup` of what a delivery returns to be an array of strings'],
    [{ node: 'node', submit: { log: 'x' } }, 'The submit command `log` is not yours to set'],
    [
      { node: 'node', submit: { 'MY.project': '"y"' } },
      'it sets the submit command `MY.project`, and so does',
    ],
    [{ node: 'node', environment: { 'A B': 'x' } }, 'names of letters, digits and _'],
    [{ node: 'node', environment: { IFS: 'x' } }, "is a variable of the job's shell itself"],
    [{ node: 'node', files: ['/x'] }, 'it wants files brought to the jobs, /x, which find theirs'],
  ])('is refused if it cannot be: %j', async (answer, message) => {
    const error = (await thrownBy(ask(answer))) as DeliveryError;
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error.method).toBe('mine');
    expect(error.message).toMatch("The delivery 'mine' cannot be used: ");
    expect(error.message).toContain(message);
  });

  it.each(['/opt/a,b', '/opt/"a"', '/opt/$a'])(
    'is refused with files that HTCondor cannot bring: %s',
    async (file) => {
      const error = await thrownBy(ask({ node: 'node', files: [file] }, { filesystem: 'transfer' }));
      expect((error as Error).message).toContain(`HTCondor cannot bring ${file} to the jobs`);
    },
  );

  it('is refused with files of no certain place', async () => {
    const error = await thrownBy(ask({ node: 'node', files: ['x'] }, { filesystem: 'transfer' }));
    expect((error as Error).message).toContain('Expected `files` to be absolute paths, got x');
  });

  it('may be an error of its own', async () => {
    const cause = new Error('no such module');
    const method = {
      deliver: (): never => {
        throw cause;
      },
    };
    const error = await thrownBy(
      deliver({ name: 'mine', options: {}, method, executor: 'HTCondorExecutor' }, system, about),
    );
    expect(error).toMatchObject({ name: 'DeliveryError', method: 'mine', cause });
    expect((error as Error).message).toBe("The delivery 'mine' cannot be used: no such module");
  });
});

describe('A container', () => {
  const askFor = async (options: object): Promise<Delivered> =>
    deliver(
      {
        name: 'container',
        options: { ...options },
        method: methodNamed('container'),
        executor: 'HTCondorExecutor',
      },
      system,
      about,
    );

  it.each<[object, string, object]>([
    [{ image: 'docker://node:20' }, 'node', { universe: 'container', container_image: 'docker://node:20' }],
    [
      { image: '/x/node.sif', node: '/opt/node' },
      '/opt/node',
      { universe: 'container', container_image: '/x/node.sif' },
    ],
    [
      { image: 'docker://node:20', universe: 'docker' },
      'node',
      { universe: 'docker', docker_image: 'node:20' },
    ],
    [
      { image: 'docker://node:20', universe: 'apptainer' },
      'node',
      { '+SingularityImage': '"docker://node:20"', requirements: 'TARGET.HasSingularity' },
    ],
  ])('is asked for by submit commands: %j', async (options, node, submit) => {
    const delivered = await askFor(options);
    expect(delivered).toMatchObject({ node, submit });
    expect(delivered.setup).not.toEqual([]);
  });
});
