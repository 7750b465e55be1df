/** The attributes of a job or machine, by HTCondor's names. */
export type ClassAd = Readonly<Record<string, unknown>>;

/**
 * Parses a ClassAd as HTCondor writes it into a job's directory (`.job.ad`, `.machine.ad`): `Name = value` on
 * each line. Expressions become text as `condor_q -json` has them: `/Expr(10 * 60)/`.
 */
export function parseClassAd(text: string): ClassAd {
  const attributes = text.split('\n').flatMap((line) => {
    const [, name, value] = /^([A-Za-z_]\w*) = (.*)$/.exec(line.trimEnd()) ?? [];
    return name === undefined || value === undefined ? [] : [[name, valueOf(value)] as const];
  });
  return Object.fromEntries(attributes);
}

const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, undefined: null };
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
/** Only quotes are escaped in it. */
const STRING = /^"(?:\\"|[^"])*"$/;
const LIST = /^\{ ((?:"(?:\\"|[^"])*"|[\w.+-]+)(?:,(?:"(?:\\"|[^"])*"|[\w.+-]+))*) \}$/;

function valueOf(text: string): unknown {
  const word = text.toLowerCase();
  if (Object.hasOwn(WORDS, word)) return WORDS[word];
  if (NUMBER.test(text)) return Number(text);
  if (STRING.test(text)) return text.slice(1, -1).replaceAll('\\"', '"');
  const [, list] = LIST.exec(text) ?? [];
  const members = list?.match(/"(?:\\"|[^"])*"|[\w.+-]+/g)?.map((member) => valueOf(member));
  return members?.every((member) => !isExpression(member)) === true ? members : `/Expr(${text})/`;
}

function isExpression(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('/Expr(');
}

/**
 * @returns a time in seconds, also of a product such as `10 * 60`; undefined for other expressions, which
 * need the rest of the ad
 */
export function secondsOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const [, product] = /^\/Expr\((\d+(?: \* \d+)*)\)\/$/.exec(String(value)) ?? [];
  return product?.split(' * ').reduce((seconds, factor) => seconds * Number(factor), 1);
}
