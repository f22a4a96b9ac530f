import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/core/config/root.ts';

/** Every page of documentation, as a path from the root of the package. */
const PAGES = [
  ...readdirSync(packageRoot).filter((name) => name.endsWith('.md')),
  ...['docs', 'config', 'assets', 'src'].flatMap((folder) =>
    readdirSync(path.join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => path.join(folder, name)),
  ),
];

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;
/** Code in backticks that names a file or a folder of the project, except `config/local/`, which git ignores. */
const PATH = /`((?:src|test|scripts|config(?!\/local)|docs|assets|workers)\/[\w./-]+|\.ci\/run)`/g;

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(path.join(packageRoot, page), 'utf8');

  it('links only to files and headings that exist', () => {
    const broken = [...withoutCode(text).matchAll(LINK)]
      .map(([, target = '']) => target)
      .filter((target) => isBroken(page, target));
    expect(broken).toEqual([]);
  });

  it('names only paths that exist', () => {
    const named = [...text.matchAll(PATH)].map(([, name = '']) => name);
    expect(named.filter((name) => !existsSync(path.join(packageRoot, name)))).toEqual([]);
  });
});

function isBroken(page: string, target: string): boolean {
  if (/^https?:/.test(target)) return false;
  const [file = '', anchor] = target.split('#');
  const full = file === '' ? path.join(packageRoot, page) : path.join(packageRoot, path.dirname(page), file);
  if (!existsSync(full)) return true;
  return anchor !== undefined && !headings(readFileSync(full, 'utf8')).includes(anchor);
}

/** The anchors that GitHub gives the headings of a page. */
function headings(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
}
