import type { ColumnSource, SchemaElement } from 'hyparquet-writer';
import path from 'node:path';
import type { PhotoFile, PhotoRow } from '../select/photo-row.ts';

type ColumnKind = 'text' | 'texts' | 'whole' | 'number' | 'label';

/** The columns after `image`, in the order of a line of `test/metadata.jsonl`. */
const COLUMNS: readonly (readonly [keyof PhotoRow, ColumnKind])[] = [
  ['file_name', 'text'],
  ['id', 'text'],
  ['label', 'label'],
  ['wnid', 'text'],
  ['class_name', 'text'],
  ['sha256', 'text'],
  ['original_sha256', 'text'],
  ['source', 'text'],
  ['source_id', 'text'],
  ['source_url', 'text'],
  ['page_url', 'text'],
  ['creator', 'text'],
  ['license', 'text'],
  ['license_url', 'text'],
  ['attribution', 'text'],
  ['width', 'whole'],
  ['height', 'whole'],
  ['max_true_prob', 'number'],
  ['predicted_wnid', 'text'],
  ['predicted_prob', 'number'],
  ['tags', 'texts'],
  ['decided_by', 'text'],
  ['searched_wnid', 'text'],
];

export interface ParquetShape {
  readonly classNames: readonly string[];
  readonly hasSearchedWnid: boolean;
}

/** The schema as Parquet stores it: a tree, each node before its children. Everything may be null, as pyarrow writes it. */
export function schemaOf(shape: ParquetShape): SchemaElement[] {
  const columns = columnsOf(shape);
  return [
    { name: 'schema', num_children: columns.length + 1 },
    { name: 'image', repetition_type: 'OPTIONAL', num_children: 2 },
    { name: 'bytes', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY' },
    textElement('path'),
    ...columns.flatMap(([name, kind]) => elementsOf(name, kind)),
  ];
}

/**
 * The features of the Hugging Face library, which it stores under the key `huggingface`. `Sequence` is the word that all
 * releases read; release 4 renamed it to `List`.
 */
export function featuresOf(shape: ParquetShape): string {
  const columns = columnsOf(shape).map(([name, kind]): [string, object] => [name, featureOf(kind, shape)]);
  const features = { image: { _type: 'Image' }, ...Object.fromEntries(columns) };
  return JSON.stringify({ info: { features } });
}

/** The values of these photos by columns. Pictures are compressed already, so they are stored as they are. */
export function columnDataOf(photos: readonly PhotoFile[], shape: ParquetShape): ColumnSource[] {
  const image = photos.map(({ row, bytes }) => ({ bytes, path: path.posix.basename(row.file_name) }));
  return [
    { name: 'image', data: image, encoding: 'PLAIN', codec: 'UNCOMPRESSED', statistics: false },
    ...columnsOf(shape).map(([name, kind]) => ({ name, data: photos.map(({ row }) => cellOf(row[name], kind)) })),
  ];
}

function columnsOf({ hasSearchedWnid }: ParquetShape): typeof COLUMNS {
  return COLUMNS.filter(([name]) => hasSearchedWnid || name !== 'searched_wnid');
}

function elementsOf(name: string, kind: ColumnKind): SchemaElement[] {
  switch (kind) {
    case 'text':
      return [textElement(name)];
    case 'texts':
      return [
        { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        textElement('element'),
      ];
    case 'whole':
    case 'label':
      return [{ name, repetition_type: 'OPTIONAL', type: 'INT64' }];
    case 'number':
      return [{ name, repetition_type: 'OPTIONAL', type: 'DOUBLE' }];
    default:
      return kind satisfies never;
  }
}

function textElement(name: string): SchemaElement {
  return {
    name,
    repetition_type: 'OPTIONAL',
    type: 'BYTE_ARRAY',
    converted_type: 'UTF8',
    logical_type: { type: 'STRING' },
  };
}

function featureOf(kind: ColumnKind, { classNames }: ParquetShape): object {
  switch (kind) {
    case 'text':
      return { dtype: 'string', _type: 'Value' };
    case 'texts':
      return { feature: { dtype: 'string', _type: 'Value' }, _type: 'Sequence' };
    case 'whole':
      return { dtype: 'int64', _type: 'Value' };
    case 'number':
      return { dtype: 'float64', _type: 'Value' };
    case 'label':
      return { names: classNames, _type: 'ClassLabel' };
    default:
      return kind satisfies never;
  }
}

function cellOf(value: PhotoRow[keyof PhotoRow], kind: ColumnKind): unknown {
  // Parquet's INT64 is a bigint.
  if (kind === 'whole' || kind === 'label') return typeof value === 'number' ? BigInt(value) : null;
  return value ?? null;
}
