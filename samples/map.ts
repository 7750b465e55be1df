// A parameter sweep: how far a ball flies, for each angle of its launch. Four calls share a job; results come
// in order.
import { openFromCommandLine } from './command-line.ts';

function flightDistance(degrees: number): number {
  const [speed, drag, gravity, step] = [40, 0.006, 9.81, 1e-5]; // m/s, 1/m, m/s², s
  const angle = (degrees * Math.PI) / 180;
  let [x, y, vx, vy] = [0, 0, speed * Math.cos(angle), speed * Math.sin(angle)];
  while (y >= 0) {
    const slowing = drag * Math.hypot(vx, vy);
    vx -= slowing * vx * step;
    vy -= (gravity + slowing * vy) * step;
    x += vx * step;
    y += vy * step;
  }
  return x;
}

await using executor = openFromCommandLine();

const angles = Array.from({ length: 12 }, (_, index) => 20 + 5 * index);
let index = 0;
for await (const distance of executor.map(flightDistance, angles, { chunkSize: 4 })) {
  console.log(`${angles[index++]}°  ${distance.toFixed(1)} m`);
}
