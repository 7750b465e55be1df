import { randomInt } from 'node:crypto';
import { hasTag } from './tags.ts';

/** A random tag of three words, such as `calm-green-heron`: one of about a million. */
export function randomTag(): string {
  const first = randomInt(ADJECTIVES.length);
  const step = 1 + randomInt(ADJECTIVES.length - 1);
  const second = (first + step) % ADJECTIVES.length;
  return [ADJECTIVES[first], ADJECTIVES[second], NOUNS[randomInt(NOUNS.length)]].join('-');
}

/** Attempts without a number behind the words. */
const PLAIN_ATTEMPTS = 20;

/**
 * Finds a random tag that no map of the directory has.
 * @param make replaced by specs
 * @throws {OwnershipError} if another user could have written a tag
 */
export async function freeRandomTag(directory: string, make: () => string = randomTag): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const tag = attempt <= PLAIN_ATTEMPTS ? make() : `${make()}-${randomInt(10 ** 9)}`;
    if (!(await hasTag(directory, tag))) return tag;
  }
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const ADJECTIVES: readonly string[] = words(`
  able airy alert amber ample apt aqua bold brave brief bright brisk broad calm candid cheery chief civil clean clear
  clever close cool coral cosy crisp deep eager early easy even exact fair fast fine firm fleet fluent fond fresh
  frosty full gentle glad golden grand great green happy hardy hazel high humble ideal jolly keen kind large late level
  light lively local loyal lucky lunar major mellow merry mild minty misty modest neat new nimble noble novel olive open
  pale patient plain polite prime proud pure quick quiet rapid ready rosy round royal sandy sharp shiny silent silver
  simple sleek smart smooth snowy soft solar solid spry stable steady still sturdy sunny super swift tall tame teal tidy
  true urban vast violet vivid warm wide wise witty young
`);

export const NOUNS: readonly string[] = words(`
  acorn alder anchor apple arch aspen atlas badger bay beacon beech bell birch bison boat brook canyon canoe cedar
  cliff cloud clover comet condor coral cove crane creek daisy dawn deer delta dome dove dune eagle elk elm ember falcon
  fern field finch fir fjord forest fox garden glade grove gull harbor hare hawk hazel heron hill ibis iris island ivy
  jay kestrel kite lake lark lemon lily linden lynx maple marsh meadow mesa moon moose moss oak oasis orbit orchid oriole
  osprey otter owl panda peak pear pebble pine planet plum pond poppy prairie quail quartz raven reef ridge river robin
  rowan sage seal shore sky sparrow spruce star stone stork stream summit swan thistle tide tiger trail tulip valley
  walnut wave whale willow wolf wren yew
`);
