import { homedir } from 'node:os';
import { specifySamples } from '../samples/run-samples.ts';

specifySamples('htcondor', process.env['CONDOR_FUTURES_SHARED'] ?? homedir());
