import type { SubmitOptions } from '../batch/batch-system.ts';
import { checkChoice, checkOptions } from '../options.ts';
import type { CheckedDelivery } from './delivery.ts';
import { nodeCheck } from './node-check.ts';

const UNIVERSES = ['container', 'docker', 'apptainer'] as const;

/** The node in an image. The image needs `/bin/sh`, and the container the directory of job sets, unless files are transferred. */
export interface ContainerDelivery {
  readonly method: 'container';
  /** As the universe takes it: `docker://node:20`, a `.sif` file, a directory, a URL; for `docker`, `node:20` will do. */
  readonly image: string;
  /**
   * Who runs it: `container` leaves to HTCondor what each machine has; `docker` takes Docker alone; `apptainer` is for pools whose machines
   * look at `+SingularityImage`.
   * @default 'container'
   */
  readonly universe?: (typeof UNIVERSES)[number];
  /**
   * The node binary in the image: a path, or a name for the image's PATH.
   * @default 'node'
   */
  readonly node?: string;
}

export const container: CheckedDelivery = {
  check(options, executor) {
    const owner = "delivery 'container'";
    checkOptions(owner, options, { image: ['string'], universe: ['string'], node: ['string'] });
    const { image, universe = 'container' } = options as Partial<ContainerDelivery>;
    if (image === undefined || image.trim() === '') {
      throw new TypeError(
        `Expected \`image\` of ${owner} to be the name of an image. Remedy: { method: 'container', image: 'docker://node:20' }`,
      );
    }
    if (image.includes('"'))
      throw new TypeError(`Expected \`image\` of ${owner} to have no quotes, got ${image}`);
    checkChoice('universe', universe, UNIVERSES);
    if (executor === 'LocalExecutor') {
      throw new TypeError(
        `LocalExecutor has no ${owner}: its jobs are processes of this machine. Remedy: run the program in a container itself, or leave \`delivery\` out`,
      );
    }
  },
  deliver({ options }) {
    const { node = 'node', ...rest } = options as Omit<ContainerDelivery, 'method'>;
    return { node, setup: nodeCheck(node), submit: submitFor(rest) };
  },
};

/** condor_submit itself requires machines that have what the first two need. */
function submitFor({ image, universe = 'container' }: Omit<ContainerDelivery, 'method'>): SubmitOptions {
  switch (universe) {
    case 'container':
      return { universe, container_image: image };
    case 'docker':
      return { universe, docker_image: image.replace(/^docker:\/\//, '') };
    case 'apptainer':
      return { '+SingularityImage': `"${image}"`, requirements: 'TARGET.HasSingularity' };
  }
}
