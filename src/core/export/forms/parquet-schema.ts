import type { ColumnSource, SchemaElement } from 'hyparquet-writer';
import path from 'node:path';
import { listElements, textElement } from '../../platform/parquet/columns.ts';
import {
  photoColumns,
  type ColumnType,
  type OptionalColumns,
  type PhotoFile,
  type PhotoRow,
} from '../select/photo-row.ts';

export interface ParquetShape extends OptionalColumns {
  /** In the order of the labels. */
  readonly classNames: readonly string[];
}

/** The schema as Parquet stores it: a tree, each node before its children. Everything may be null, as pyarrow writes it. */
export function schemaOf(shape: ParquetShape): SchemaElement[] {
  const columns = photoColumns(shape);
  return [
    { name: 'schema', num_children: columns.length + 1 },
    { name: 'image', repetition_type: 'OPTIONAL', num_children: 2 },
    { name: 'bytes', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY' },
    textElement('path'),
    ...columns.flatMap(({ name, type }) => elementsOf(name, type)),
  ];
}

/** Features as the Hugging Face library stores them. All releases read `Sequence`; release 4 calls it `List`. */
export function featuresOf(shape: ParquetShape): string {
  const label = { names: shape.classNames, _type: 'ClassLabel' };
  const columns = photoColumns(shape).map(({ name, type }) => [name, type === 'label' ? label : FEATURES[type]]);
  const features = { image: { _type: 'Image' }, ...Object.fromEntries(columns) };
  return JSON.stringify({ info: { features } });
}

/** The values of these photos by columns. Pictures are compressed already, so they are stored as they are. */
export function columnDataOf(photos: readonly PhotoFile[], shape: ParquetShape): ColumnSource[] {
  const image = photos.map(({ row, bytes }) => ({ bytes, path: path.posix.basename(row.file_name) }));
  return [
    { name: 'image', data: image, encoding: 'PLAIN', codec: 'UNCOMPRESSED', statistics: false },
    ...photoColumns(shape).map(({ name, type }) => ({ name, data: photos.map(({ row }) => cellOf(row[name], type)) })),
  ];
}

function elementsOf(name: string, type: ColumnType): SchemaElement[] {
  if (type === 'text') return [textElement(name)];
  if (type === 'texts') return listElements(name, textElement('element'));
  return [{ name, repetition_type: 'OPTIONAL', type: type === 'number' ? 'DOUBLE' : 'INT64' }];
}

const FEATURES: Readonly<Record<Exclude<ColumnType, 'label'>, object>> = {
  text: { dtype: 'string', _type: 'Value' },
  texts: { feature: { dtype: 'string', _type: 'Value' }, _type: 'Sequence' },
  'whole number': { dtype: 'int64', _type: 'Value' },
  number: { dtype: 'float64', _type: 'Value' },
};

function cellOf(value: PhotoRow[keyof PhotoRow], type: ColumnType): unknown {
  // Parquet's INT64 is a bigint.
  if (type === 'whole number' || type === 'label') return typeof value === 'number' ? BigInt(value) : null;
  return value ?? null;
}
