// Calls a function of a module by reference: the job imports the module, with whatever that imports or
// captures.
import { moduleFunction } from 'condor-futures';
import { openFromCommandLine } from './command-line.ts';

type PeakOfEpidemic = (contactsPerDay: number, population: number) => { day: number; ill: number };
const model = new URL('./model.js', import.meta.url);
const peakOfEpidemic = moduleFunction<PeakOfEpidemic>(model, 'peakOfEpidemic');

await using executor = openFromCommandLine();

const futures = [0.2, 0.3, 0.4].map((contacts) => executor.submit(peakOfEpidemic, contacts, 1_000_000));
for (const { day, ill } of await Promise.all(futures)) {
  console.log(`On day ${day}, ${ill} people are ill`);
}
