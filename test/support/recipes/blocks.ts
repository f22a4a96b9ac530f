/** Why the test of recipes does not run a block. CONTRIBUTING.md explains each word. */
export const NOT_RUN = ['network', 'key', 'weights', 'root', 'service', 'stays', 'minutes', 'python', 'own'] as const;
export type NotRun = (typeof NOT_RUN)[number];

export interface Block {
  /** The page and the line of the block's first line. */
  readonly place: string;
  /** The language of a fence, or '' for an indented block. */
  readonly language: string;
  readonly text: string;
  /** The word of the mark before the block. */
  readonly mark: NotRun | null;
}

const MARK = /^<!-- not run: (\S+) -->$/;
/** Words that begin a line of a shell. Other indented blocks are outputs and files. */
const COMMAND =
  /^(?:[A-Z_]+=\S+ )*(?:npm|npx|node|winnow|python3?|pip|docker|curl|git|export|cd|cp|mkdir|for|tar|sha256sum|label-studio|systemctl|useradd|\.ci\/run|PGPASSWORD=\S+|\/tmp\/\S+\/python)\s/;

export function isShell({ language, text }: Block): boolean {
  return language === 'sh' || (language === '' && COMMAND.test(text));
}

/** All blocks of a page of Markdown, fenced or indented. @throws Error on a mark that is unknown or stands before no block */
export function blocksOf(page: string, markdown: string): Block[] {
  const lines = markdown.split('\n');
  const blocks: Block[] = [];
  let mark: NotRun | null = null;
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] ?? '';
    const found = blockAt(lines, i);
    if (found !== null) {
      blocks.push({ place: `${page}:${i + 1}`, language: found.language, text: found.text, mark });
      mark = null;
      i = found.last;
    } else if (MARK.test(line.trim())) mark = markOf(line, `${page}:${i + 1}`);
    else if (line.trim() !== '' && mark !== null) throw new Error(`${page}:${i + 1}: expected a block after the mark`);
  }
  return blocks;
}

function markOf(line: string, place: string): NotRun {
  const word = MARK.exec(line.trim())?.[1];
  const known = NOT_RUN.find((one) => one === word);
  if (known === undefined) throw new Error(`${place}: expected one of ${NOT_RUN.join(', ')} but received '${word}'`);
  return known;
}

interface Found {
  readonly language: string;
  readonly text: string;
  /** The index of its last line. */
  readonly last: number;
}

function blockAt(lines: readonly string[], start: number): Found | null {
  const line = lines[start] ?? '';
  const fence = /^```(\w*)$/.exec(line);
  if (fence !== null) {
    const last = lines.indexOf('```', start + 1);
    return { language: fence[1] ?? '', text: textOf(lines.slice(start + 1, last)), last };
  }
  const indent = /^ {4,}(?=\S)/.exec(line)?.[0];
  return indent === undefined || lines[start - 1] !== '' ? null : indentedAt(lines, start, indent);
}

function indentedAt(lines: readonly string[], start: number, indent: string): Found {
  const isOfIt = (line: string): boolean => line === '' || line.startsWith(indent);
  const end = lines.findIndex((line, i) => i > start && !isOfIt(line));
  const block = lines.slice(start, end === -1 ? lines.length : end);
  const last = start + block.findLastIndex((line) => line !== '');
  return { language: '', text: textOf(lines.slice(start, last + 1).map((line) => line.slice(indent.length))), last };
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
