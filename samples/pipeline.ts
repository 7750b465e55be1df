// A small pipeline: futures are given to other calls, whose jobs start when what they need is there. Nothing
// is awaited in between.
import { openFromCommandLine } from './command-line.ts';

interface Reading {
  readonly day: number;
  readonly celsius: number;
}

/** Stands for what a station has recorded: one reading a day. */
function record(station: number): Reading[] {
  return Array.from({ length: 365 }, (_, day) => ({
    day,
    celsius:
      10 - station - 12 * Math.cos((2 * Math.PI * (day - 15)) / 365) + 3 * Math.sin(day * (station + 1)),
  }));
}

/** The mean over a week around each day. */
function smooth(readings: readonly Reading[]): Reading[] {
  return readings.map(({ day }) => {
    const near = readings.filter((other) => Math.abs(other.day - day) <= 3);
    return { day, celsius: near.reduce((sum, { celsius }) => sum + celsius, 0) / near.length };
  });
}

function warmest(series: ReadonlyMap<string, readonly Reading[]>): string[] {
  return [...series].map(([name, readings]) => {
    const { day, celsius } = readings.reduce((best, next) => (next.celsius > best.celsius ? next : best));
    return `${name}: day ${day}, ${celsius.toFixed(1)} °C`;
  });
}

await using executor = openFromCommandLine();

const smoothed = new Map(
  ['coast', 'valley', 'summit'].map((name, station) => {
    const readings = executor.submit(record, station);
    return [name, executor.submit(smooth, readings)] as const;
  }),
);
for (const line of await executor.submit(warmest, smoothed)) console.log(line);
