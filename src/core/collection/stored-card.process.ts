import type { StoredCard } from './stored-rules.ts';
import path from 'node:path';
import { readTextFile } from '../config/read-text.ts';
import { parseYaml } from '../config/yaml.ts';
import { CLASS_LIST_NAMES, type ClassTable } from './class-table.ts';
import { isHeadCard, parseHeadCard, withHead } from './cards/head-card.ts';
import { classesOfCard, placeOfCard, type FoundCard } from './cards/model-card.process.ts';
import { parseModelCard, type ModelCard } from './cards/model-card.ts';
import { parseModelClasses, type ModelClasses } from './cards/model-classes.ts';

export interface MemberCard {
  readonly card: ModelCard;
  readonly classes: ModelClasses;
}

export async function storableCard({ cardFile, backbone, classes }: FoundCard): Promise<StoredCard> {
  return {
    card: await textOf(cardFile),
    backbone: backbone === undefined ? null : await textOf((await placeOfCard(backbone)).cardFile),
    classes:
      classes === undefined || isListName(classes) ? null : await textOf(path.resolve(path.dirname(cardFile), classes)),
  };
}

/** `fileOf`: the path on this machine of a file that a card names. */
export async function readStoredCard(
  name: string,
  texts: StoredCard,
  {
    table,
    fileOf,
  }: { readonly table: ClassTable; readonly fileOf: (named: Pick<ModelCard, 'file' | 'sha256'>) => string },
): Promise<MemberCard> {
  const shown = `the catalogue's card of the model '${name}'`;
  const file = parseYaml(texts.card, shown);
  const model = parseModelCard(texts.backbone ?? texts.card, shown, '/');
  const card = isHeadCard(file) ? withHead(parseHeadCard(file), model, { shown, base: '/' }) : model;
  const { head } = card;
  const placed: ModelCard = {
    ...card,
    path: fileOf(card),
    ...(head === undefined ? {} : { head: { ...head, path: fileOf(head) } }),
  };
  const classes =
    texts.classes === null
      ? await classesOfCard({ cardFile: shown, classes: card.classes }, table)
      : parseModelClasses(texts.classes, shown).classes;
  return { card: placed, classes };
}

async function textOf(file: string): Promise<string> {
  return (await readTextFile(file, 'a file of a model card')).text;
}

function isListName(name: string): boolean {
  return CLASS_LIST_NAMES.some((known) => known === name);
}
