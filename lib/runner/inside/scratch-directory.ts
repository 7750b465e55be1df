import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOCAL_JOB_VARIABLE, localJobId } from '../../job-set/local-job.ts';

/** HTCondor gives each job a directory of its own; elsewhere a call gets one when it asks. */
export class ScratchDirectory {
  readonly #jobSet: string;
  #made: string | undefined;

  /** @param jobSet the job set's directory */
  constructor(jobSet: string) {
    this.#jobSet = jobSet;
  }

  get path(): string {
    const given = process.env['_CONDOR_SCRATCH_DIR'];
    const isLocal = localJobId(process.env[LOCAL_JOB_VARIABLE], this.#jobSet) !== undefined;
    if (given !== undefined && !isLocal) return given;
    if (this.#made === undefined) {
      this.#made = mkdtempSync(join(tmpdir(), 'condor-futures-'));
      process.on('exit', this.#onExit);
    }
    return this.#made;
  }

  /** Removes what was made. Never throws. */
  end(): void {
    process.off('exit', this.#onExit);
    if (this.#made === undefined) return;
    try {
      rmSync(this.#made, { recursive: true, force: true });
    } catch {
      // Litter, in a directory for such.
    }
  }

  readonly #onExit = (): void => this.end();
}
