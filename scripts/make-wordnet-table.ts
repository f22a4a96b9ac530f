import { readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { loadClassTable } from '../src/core/collection/class-table.process.ts';

/**
 * Prints config/classes/wordnet.jsonl (see config/classes/README.md) from the database files of WordNet 3.0 (man 5WN wndb).
 * Debian's package wordnet-base installs them in /usr/share/wordnet:
 *
 *     node --import tsx scripts/make-wordnet-table.ts [DIR] > config/classes/wordnet.jsonl
 */
const DEFAULT_FOLDER = '/usr/share/wordnet';

interface Synset {
  readonly names: readonly string[];
  /** Direct hypernyms, including those of instances. */
  readonly hypernyms: readonly string[];
  readonly gloss: string;
}

/**
 * Parses a line of data.noun: offset, file, type, number of words (hexadecimal), words with their lex ids, number of
 * pointers, pointers | gloss.
 */
function synsetOf(line: string): [wnid: string, synset: Synset] {
  const [facts = '', gloss = ''] = line.split(' | ', 2);
  const fields = facts.split(' ');
  const wordCount = Number.parseInt(fields[3] ?? '', 16);
  const pointersFrom = 4 + 2 * wordCount;
  const pointerCount = Number(fields[pointersFrom]);
  const names = Array.from({ length: wordCount }, (_, i) => (fields[4 + 2 * i] ?? '').replaceAll('_', ' '));
  const pointers = Array.from({ length: pointerCount }, (_, i) => {
    const at = pointersFrom + 1 + 4 * i;
    return { symbol: fields[at], target: `n${fields[at + 1]}` };
  });
  const hypernyms = pointers.filter(({ symbol }) => symbol === '@' || symbol === '@i').map(({ target }) => target);
  return [`n${fields[0]}`, { names, hypernyms, gloss: gloss.trim() }];
}

function parseSynsets(dataNoun: string): Map<string, Synset> {
  const lines = dataNoun.split('\n').filter((line) => /^\d{8} /.test(line));
  return new Map(lines.map((line) => synsetOf(line)));
}

/** Parses noun.exc: an irregular plural and its singulars. The result has the plurals of each singular. */
function parsePlurals(nounExc: string): Map<string, string[]> {
  const plurals = new Map<string, string[]>();
  for (const line of nounExc.split('\n')) {
    const [plural = '', ...singulars] = line.trim().split(' ');
    for (const singular of singulars) plurals.set(singular, [...(plurals.get(singular) ?? []), plural]);
  }
  return plurals;
}

/** The irregular plurals of a whole name, and those of its last word: `Canada goose` has `Canada geese`. */
function pluralsOf(name: string, plurals: ReadonlyMap<string, readonly string[]>): string[] {
  const lastWord = /[^ -]*$/.exec(name)?.[0] ?? '';
  const beginning = name.slice(0, name.length - lastWord.length);
  const ofWhole = plurals.get(name.toLowerCase().replaceAll(' ', '_')) ?? [];
  const ofLast = plurals.get(lastWord.toLowerCase()) ?? [];
  const all = [...ofWhole.map((plural) => plural.replaceAll('_', ' ')), ...ofLast.map((plural) => beginning + plural)];
  return all.filter((plural) => plural.toLowerCase() !== name.toLowerCase());
}

/** All synsets that `next` leads to from the given ones, step by step, without the given ones. */
function reachedFrom(wnids: readonly string[], next: (wnid: string) => readonly string[]): Set<string> {
  const reached = new Set<string>();
  const open = [...wnids];
  for (let wnid = open.pop(); wnid !== undefined; wnid = open.pop()) {
    for (const one of next(wnid)) {
      if (!reached.has(one)) open.push(one);
      reached.add(one);
    }
  }
  return reached;
}

async function makeTable(folder: string): Promise<string> {
  const synsets = parseSynsets(await readFile(path.join(folder, 'data.noun'), 'utf8'));
  const plurals = parsePlurals(await readFile(path.join(folder, 'noun.exc'), 'utf8'));
  const classes = (await loadClassTable()).rows.map(({ wnid }) => wnid);
  const isClass = new Set(classes);
  const children = new Map<string, string[]>();
  for (const [wnid, { hypernyms }] of synsets)
    for (const parent of hypernyms) children.set(parent, [...(children.get(parent) ?? []), wnid]);
  const above = reachedFrom(classes, (wnid) => synsets.get(wnid)?.hypernyms ?? []);
  const below = reachedFrom(classes, (wnid) => children.get(wnid) ?? []);
  const inTable = new Set([...classes, ...above, ...below]);
  const wnids = [...inTable].toSorted();
  const lines = wnids.map((wnid) => {
    const synset = synsets.get(wnid);
    if (synset === undefined) throw new Error(`Expected a synset ${wnid} in ${folder}/data.noun but there is none`);
    const { names, hypernyms, gloss } = synset;
    const irregular = [...new Set(names.flatMap((name) => pluralsOf(name, plurals)))];
    return JSON.stringify({
      wnid,
      ...(isClass.has(wnid) ? { gloss } : { names }),
      ...(irregular.length === 0 ? {} : { plurals: irregular }),
      ...(below.has(wnid) && !isClass.has(wnid) ? { below: true } : {}),
      hypernyms: hypernyms.filter((parent) => inTable.has(parent)),
    });
  });
  return `${lines.join('\n')}\n`;
}

process.stdout.write(await makeTable(process.argv[2] ?? DEFAULT_FOLDER));
