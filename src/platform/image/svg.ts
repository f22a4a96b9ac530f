/** Parts that may stand before the root element or the doctype, by how they open and close. */
const OPENINGS = [
  ['<?', '?>'],
  ['<!--', '-->'],
] as const;

/**
 * Whether a file that begins with these bytes is an SVG drawing: after byte order mark, declarations and comments, its
 * root element is `svg`, or its doctype says so. An HTML page that contains a drawing is not.
 */
export function isSvg(head: Uint8Array): boolean {
  const root = skipProlog(decodeText(head));
  return /^<(?:!doctype\s+)?(?:[\w-]+:)?svg[\s/>]/i.test(root);
}

/**
 * Decodes UTF-8 unless the byte order mark says UTF-16. Bytes that are not text become characters with which no markup
 * begins.
 */
function decodeText(head: Uint8Array): string {
  const mark = (head[0] ?? 0) * 256 + (head[1] ?? 0);
  const encoding = mark === 0xff_fe ? 'utf-16le' : mark === 0xfe_ff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(head);
}

/** The text from the first tag on, or nothing if it ends before. */
function skipProlog(text: string): string {
  let rest = text.trimStart();
  for (;;) {
    const skipped = OPENINGS.find(([open]) => rest.startsWith(open));
    if (skipped === undefined) return rest;
    const [open, close] = skipped;
    const end = rest.indexOf(close, open.length);
    if (end < 0) return '';
    rest = rest.slice(end + close.length).trimStart();
  }
}
