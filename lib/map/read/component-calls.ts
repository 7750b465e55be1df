import { deserialize } from 'node:v8';
import { PayloadError, SubmitError } from '../../base/errors.ts';
import { type ComponentStatus, NeverSubmittedError } from '../../base/map-errors.ts';
import type { BatchSystem } from '../../batch/batch-system.ts';
import { Call } from '../../cluster/calls/call.ts';
import { JobCommands, warnOfUnremoved } from '../../cluster/calls/job-commands.ts';
import { JobControls } from '../../cluster/calls/job-controls.ts';
import { newJob } from '../../cluster/track/job.ts';
import { postMortem } from '../../cluster/track/post-mortem.ts';
import { decodeResults, settle } from '../../cluster/track/results.ts';
import type { OtherNode } from '../../payload/format.ts';
import { decodeInBox, type EncodedThrown } from '../../payload/thrown-values.ts';
import { isNeverSubmitted, jobIdOf } from '../../watch/call-records.ts';
import type { JobSetReader } from '../../watch/job-set-reader.ts';
import type { Component } from './component.ts';
import { findRunningExecutor } from './running-maps.ts';

const RUNNING_STATUSES: readonly ComponentStatus[] = ['running', 'transferring', 'suspended'];

/** Makes the calls and futures of a map's components, and settles them with the outcomes on the disk. */
export class ComponentCalls {
  readonly #reader: JobSetReader;
  readonly #otherNode: OtherNode;
  readonly #controls: JobControls;
  readonly #commands: JobCommands;

  constructor(reader: JobSetReader, system: BatchSystem, otherNode: OtherNode) {
    this.#reader = reader;
    this.#otherNode = otherNode;
    this.#commands = new JobCommands(system, warnOfUnremoved);
    this.#controls = new JobControls(system, this.#commands);
  }

  /** Makes a call for a component's current attempt. */
  make(component: Component): Call {
    const { job, attempt } = component.call;
    const call = new Call({
      index: component.call.index,
      fn: undefined,
      payload: undefined,
      payloadHash: job.hash,
      options: {},
      items: 0,
      host: {
        controls: this.#controls,
        onDone: () => {},
        onCancel: ({ jobId }) => {
          // The call may be pending in this program, between two attempts or because the queue is full.
          findRunningExecutor(this.#reader.jobSet.directory)?.cancel(component.index);
          if (jobId !== undefined) this.#commands.remove(jobId, this.#reader.jobSet.id);
        },
      },
    });
    call.attempts = attempt;
    call.jobSet = this.#reader.jobSet;
    call.jobId = jobIdOf(component);
    call.host = component.life.host;
    return call;
  }

  /** Copies the current state of a component to its call. */
  update(call: Call, component: Component, status: ComponentStatus): void {
    const jobId = jobIdOf(component);
    if (call.jobId === undefined && jobId !== undefined) call.jobId = jobId;
    call.host = component.life.host ?? call.host;
    if (call.done) return;
    call.setState(RUNNING_STATUSES.includes(status) ? 'running' : 'pending');
  }

  /** Settles a call with the value or the error of its settled component. Never rejects. */
  async settle(call: Call, component: Component, status: ComponentStatus): Promise<void> {
    this.update(call, component, status);
    try {
      await this.#settle(call, component);
    } catch (error) {
      if (!call.done) call.controller.reject(error);
    }
  }

  async #settle(call: Call, component: Component): Promise<void> {
    const { outcome, settled, call: journaled } = component;
    if (outcome !== undefined) {
      const encoded = await this.#reader.readOutcome(component);
      if (encoded === undefined)
        throw new PayloadError(`The outcome of component ${component.index} is gone`);
      const results = await decodeResults(call, encoded, this.#otherNode);
      if (!call.done) settle(call, results);
    } else if (settled?.kind === 'cancelled') call.future.cancel();
    else if (settled !== undefined) {
      const where = `condor-futures component ${component.index}`;
      throw (await decodeInBox(deserialize(settled.bytes) as EncodedThrown, where)).value;
    } else if (journaled.submission.refusal !== undefined) {
      const failure = { command: 'submit', exitCode: null, stderr: '' };
      throw new SubmitError(journaled.submission.refusal, failure);
    } else if (isNeverSubmitted(component, this.#reader.hasOwner))
      throw new NeverSubmittedError(component.index);
    else throw await this.#explainEnd(call, component);
  }

  async #explainEnd(call: Call, { life }: Component): Promise<unknown> {
    const jobId = call.jobId ?? 'unknown';
    const job = newJob(call, jobId);
    job.life = life;
    const keepsAll = { keeps: () => true };
    const { end = { kind: 'lost', jobId } } = life;
    return (await postMortem(this.#reader.jobSet, keepsAll, job, end, end.kind === 'held')).error;
  }
}
