/** Undefined if the text is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface JsonLimits {
  readonly depth: number;
  /** How many values there may be, lists and objects included. */
  readonly items: number;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
/** `[` and `{`, `]` and `}`. */
const [OPENING, CLOSING] = [new Set([0x5b, 0x7b]), new Set([0x5d, 0x7d])];

/** Why a stranger's text must not be parsed, or null: values take 20 times its memory, and deep ones the stack. */
export function jsonExcess(text: string, { depth, items }: JsonLimits): string | null {
  let [level, values, isText] = [0, 1, false];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) isText = !isText;
    else if (isText) i += code === BACKSLASH ? 1 : 0;
    else if (code === COMMA || OPENING.has(code)) {
      values += 1;
      level += code === COMMA ? 0 : 1;
      if (level > depth) return `Expected lists and objects at most ${depth} deep but there are deeper ones`;
      if (values > items) return `Expected at most ${items} values but there are more`;
    } else if (CLOSING.has(code)) level -= 1;
  }
  return null;
}
