// A sweep whose function captures a Map, an instance of a class and a helper. Results are of the class here.
import { openFromCommandLine } from './command-line.ts';

const METALS = new Map([
  ['aluminium', { density: 2700, heatCapacity: 897 }], // kg/m³, J/(kg K)
  ['copper', { density: 8960, heatCapacity: 385 }],
  ['lead', { density: 11_340, heatCapacity: 129 }],
]);

const kelvin = (celsius: number): number => celsius + 273.15;

class Room {
  #celsius: number;

  constructor(celsius: number) {
    this.#celsius = celsius;
  }

  /** What a surface gives off to the air and the walls, in W/m². */
  fluxFrom(celsius: number): number {
    const radiation = 5.67e-8 * (kelvin(celsius) ** 4 - kelvin(this.#celsius) ** 4);
    return 10 * (celsius - this.#celsius) + radiation;
  }
}

class Cooling {
  readonly metal: string;
  readonly seconds: number;

  constructor(metal: string, seconds: number) {
    this.metal = metal;
    this.seconds = seconds;
  }

  get minutes(): number {
    return Math.round(this.seconds / 60);
  }
}

const room = new Room(20);
const radius = 0.03; // m

function coolingOf(metal: string): Cooling {
  const { density, heatCapacity } = METALS.get(metal) as { density: number; heatCapacity: number };
  const [step, perArea] = [1e-3, (density * heatCapacity * radius) / 3]; // s, J/(m² K)
  let [seconds, celsius] = [0, 200];
  for (; celsius > 40; seconds += step) celsius -= (step * room.fluxFrom(celsius)) / perArea;
  return new Cooling(metal, seconds);
}

await using executor = openFromCommandLine();

for await (const cooling of executor.map(coolingOf, METALS.keys())) {
  const { metal, minutes } = cooling;
  console.log(`A ball of ${metal} cools in ${minutes} minutes (a Cooling: ${cooling instanceof Cooling})`);
}
