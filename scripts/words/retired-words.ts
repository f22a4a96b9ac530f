import ts from 'typescript';

/** A place where a file uses words that the project has retired. */
interface Find {
  /** Counted from 1. */
  readonly line: number;
  /** As they stand there, on one line. */
  readonly words: string;
}

/** A retired expression may go on in the next line, after the mark that a line of a comment begins with. */
const GAP = '[\\s*/#>]+';

/** The patterns of a list: one regular expression a line; lines that begin with `#` are comments. */
export function parsePatterns(list: string): readonly RegExp[] {
  return list
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => new RegExp(line.replaceAll(' ', GAP), 'g'));
}

/** Finds retired words in the prose of a file. Identifiers and SQL are no prose. */
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
    // Documentation comments lie before the first token of what they describe, where they are read.
    if (node.kind >= ts.SyntaxKind.FirstJSDocNode && node.kind <= ts.SyntaxKind.LastJSDocNode) return;
    const children = node.getChildren(source);
    const skipped =
      ts.isTaggedTemplateExpression(node) && node.tag.getText(source).startsWith('sql') ? node.template : null;
    for (const child of children) if (child !== skipped) visit(child);
    if (children.length > 0) return;
    const [before, start] = [node.getFullStart(), node.getStart(source)];
    // Between tokens lie spaces and comments.
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
