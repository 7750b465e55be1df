import { tmpdir } from 'node:os';
import { specifySamples } from './run-samples.ts';

specifySamples('local', tmpdir());
