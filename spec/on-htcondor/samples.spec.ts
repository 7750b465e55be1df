import { homedir } from 'node:os';
import { specifySamples } from '../run-samples.ts';

specifySamples('htcondor', process.env['CONDOR_FUTURES_SHARED'] ?? homedir());
