/** Functions to capture, by what there is to capture. */
const factor = 3;
const helper = (x: number): number => x * factor;

const table = Array.from({ length: 100 }, (_, id) => ({ id, name: `row ${id}` }));

class Particle {
  x = 0;
  v = 1;
  step(dt: number): this {
    this.x += this.v * dt;
    return this;
  }
}
const particle = new Particle();

function makeCounter(): () => number {
  let count = 0;
  return () => ++count;
}
const counter = makeCounter();

export const subjects: Readonly<Record<string, (...args: never[]) => unknown>> = {
  'nothing captured': (x: number) => x * x,
  'a variable and a helper': (x: number) => helper(x) * factor,
  'a list of 100 objects': (x: number) => table[x]?.name,
  'an instance of a class': (dt: number) => particle.step(dt).x,
  'a counter': () => counter(),
};
