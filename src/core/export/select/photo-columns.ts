import { EXPORT_MODES } from '../modes.ts';
import type { Protocol } from '../protocol.ts';
import type { PhotoRow } from './photo-row.ts';

/** Type of a column of `test/metadata.jsonl`. `label` is the position of a class, `texts` a list. */
export type ColumnType = 'text' | 'label' | 'whole number' | 'number' | 'texts';

interface PhotoColumn {
  readonly name: keyof PhotoRow;
  readonly type: ColumnType;
  readonly description: string;
}

const COLUMNS: readonly PhotoColumn[] = [
  { name: 'file_name', type: 'text', description: 'The file, relative to test/.' },
  { name: 'id', type: 'text', description: 'The photo: the same in every revision.' },
  { name: 'label', type: 'label', description: 'Position of the folder among the folders, sorted.' },
  { name: 'wnid', type: 'text', description: 'The folder.' },
  { name: 'class_name', type: 'text', description: 'The name of the folder’s class.' },
  { name: 'sha256', type: 'text', description: 'SHA-256 of the file.' },
  { name: 'original_sha256', type: 'text', description: 'SHA-256 of the bytes that the source gave.' },
  { name: 'source', type: 'text', description: 'Where the photo was found.' },
  { name: 'source_id', type: 'text', description: 'What the source calls the photo.' },
  { name: 'source_url', type: 'text', description: 'Where the bytes came from.' },
  { name: 'page_url', type: 'text', description: 'The photo’s page at the source.' },
  { name: 'creator', type: 'text', description: 'Whom to credit, as the source writes it, or unknown.' },
  { name: 'license', type: 'text', description: 'The photo’s licence: an SPDX id where there is one, or unknown.' },
  { name: 'license_url', type: 'text', description: 'The text of the licence.' },
  { name: 'attribution', type: 'text', description: 'The line to print beside the photo.' },
  { name: 'width', type: 'whole number', description: 'In pixels.' },
  { name: 'height', type: 'whole number', description: 'In pixels.' },
  {
    name: 'max_true_prob',
    type: 'number',
    description: 'The largest probability of the searched class over models and crops.',
  },
  { name: 'predicted_wnid', type: 'text', description: 'The class that the models take the photo for.' },
  { name: 'predicted_prob', type: 'number', description: 'Its mean probability over the crops.' },
  { name: 'tags', type: 'texts', description: 'What may fool the models, as the reviewers see it.' },
  { name: 'decided_by', type: 'text', description: 'What decided that the photo is accepted.' },
];

const CONCEPT: PhotoColumn = {
  name: 'searched_wnid',
  type: 'text',
  description: 'The concept that the photo was searched as.',
};

const SPLIT: PhotoColumn = {
  name: 'split',
  type: 'text',
  description: 'The folder test/ or control/ that has the photo.',
};

const FURTHER: PhotoColumn = {
  name: 'also_wnids',
  type: 'texts',
  description: 'Further classes that are clearly visible, as the reviewers see it.',
};

const EVIDENCE: PhotoColumn = {
  name: 'evidence',
  type: 'text',
  description: 'The word imported if the photo was decided on logits of another engine.',
};

export interface OptionalColumns {
  readonly hasSearchedWnid: boolean;
  readonly hasAlso: boolean;
  /** True if the collection has controls. Default: false. */
  readonly hasSplit?: boolean;
  /** True if photos or controls were decided on imported evidence. Default: false. */
  readonly hasEvidence?: boolean;
}

export function photoColumns(has: OptionalColumns): readonly PhotoColumn[] {
  return [
    ...COLUMNS,
    ...(has.hasAlso ? [FURTHER] : []),
    ...(has.hasSearchedWnid ? [CONCEPT] : []),
    ...(has.hasSplit === true ? [SPLIT] : []),
    ...(has.hasEvidence === true ? [EVIDENCE] : []),
  ];
}

/** The columns of an export. Those that were made before winnow asked for further classes have none for them. */
export function columnsOf(protocol: Pick<Protocol, 'rule' | 'review'> & Partial<Protocol>): readonly PhotoColumn[] {
  return photoColumns({
    ...EXPORT_MODES[protocol.rule.mode],
    hasAlso: protocol.review.alsoPhotos !== undefined,
    hasSplit: protocol.control !== undefined,
    hasEvidence: protocol.imported !== undefined,
  });
}
