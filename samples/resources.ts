// Asks for memory and processors, sets the job's environment, and reads what the call has used.
import { openFromCommandLine } from './command-line.ts';

async function mostFrequentByte(megabytes: number): Promise<string> {
  const { createCipheriv } = await import('node:crypto');
  const seed = Buffer.alloc(16, process.env['SEED']);
  const noise = createCipheriv('aes-128-ctr', seed, seed).update(Buffer.alloc(megabytes * 2 ** 20));
  const counts = new Uint32Array(256);
  for (const byte of noise) counts[byte]! += 1;
  return `${counts.indexOf(Math.max(...counts))}, ${Math.max(...counts)} times`;
}

await using executor = openFromCommandLine({ environment: { SEED: 'condor' } });

const roomy = executor.with({ submit: { request_memory: '256MB', request_cpus: 1 } });
const future = roomy.submit(mostFrequentByte, 64);
console.log(`The most frequent byte is ${await future}`);

const { peakMemoryBytes, userCpuMs, systemCpuMs } = future.usage!;
console.log(`Job ${future.jobId} ran on ${future.host}`);
console.log(`Peak memory: ${Math.round(peakMemoryBytes / 2 ** 20)} MB of 256 MB`);
console.log(`Processor time: ${((userCpuMs + systemCpuMs) / 1000).toFixed(2)} s`);
