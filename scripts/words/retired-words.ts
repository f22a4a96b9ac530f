import ts from 'typescript';

/** A place where a file uses words that the project has retired. */
interface Find {
  /** Counted from 1. */
  readonly line: number;
  /** The words as the file has them, on one line. */
  readonly words: string;
}

/** A retired expression may continue on the next line, after the mark at the start of a comment line. */
const GAP = '[\\s*/#>]+';

/** Parses a list of patterns: one regular expression on each line. Lines that begin with `#` are comments. */
export function parsePatterns(list: string): readonly RegExp[] {
  return list
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => new RegExp(line.replaceAll(' ', GAP), 'g'));
}

/** Finds retired words in the prose of a file. Identifiers and SQL are not prose. */
export function findRetiredWords(file: string, text: string, patterns: readonly RegExp[]): readonly Find[] {
  // Parsing takes far longer than a search, and most files have none of the words.
  if (!patterns.some((pattern) => text.search(pattern) !== -1)) return [];
  const pieces = /\.[cm]?tsx?$|\.[cm]?jsx?$/.test(file) ? proseOfCode(file, text) : [{ start: 0, text }];
  const finds = pieces.flatMap((piece) =>
    patterns.flatMap((pattern) =>
      Array.from(piece.text.matchAll(pattern), (match) => ({
        line: text.slice(0, piece.start + match.index).split('\n').length,
        words: match[0].replaceAll(new RegExp(GAP, 'g'), ' '),
      })),
    ),
  );
  // Two patterns may match the same words.
  const distinct = new Map(finds.map((find) => [`${find.line} ${find.words}`, find]));
  return [...distinct.values()].toSorted((a, b) => a.line - b.line);
}

interface Piece {
  /** Index in the file. */
  readonly start: number;
  readonly text: string;
}

/** Comments, strings, templates, regular expressions and the text of JSX. */
function proseOfCode(file: string, text: string): readonly Piece[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false);
  const pieces: Piece[] = [];
  const visit = (node: ts.Node): void => {
    // Documentation comments precede the first token of what they describe, and are read there.
    if (node.kind >= ts.SyntaxKind.FirstJSDocNode && node.kind <= ts.SyntaxKind.LastJSDocNode) return;
    const children = node.getChildren(source);
    const skipped =
      ts.isTaggedTemplateExpression(node) && node.tag.getText(source).startsWith('sql') ? node.template : null;
    for (const child of children) if (child !== skipped) visit(child);
    if (children.length > 0) return;
    const [before, start] = [node.getFullStart(), node.getStart(source)];
    // Spaces and comments are between tokens.
    pieces.push({ start: before, text: text.slice(before, start) });
    if (hasProse(node)) pieces.push({ start, text: text.slice(start, node.getEnd()) });
  };
  visit(source);
  return pieces;
}

function hasProse({ kind }: ts.Node): boolean {
  return (
    (kind >= ts.SyntaxKind.FirstLiteralToken && kind <= ts.SyntaxKind.LastTemplateToken) ||
    kind === ts.SyntaxKind.JsxText
  );
}
