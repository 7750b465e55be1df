import { moduleShapeOf, type ModuleShape } from '../analysis/module-shape.ts';

/** As {@link moduleShapeOf}, but remembers the latest: a program takes many functions from few modules. */
export function knownShapeOf(source: string): ModuleShape | undefined {
  let shape = shapes.get(source);
  if (shape === undefined && !shapes.has(source)) {
    shape = moduleShapeOf(source);
    for (const oldest of shapes.keys()) {
      if (shapes.size < MOST_SHAPES) break;
      shapes.delete(oldest);
    }
    shapes.set(source, shape);
  }
  return shape;
}

const MOST_SHAPES = 32;
const shapes = new Map<string, ModuleShape | undefined>();
