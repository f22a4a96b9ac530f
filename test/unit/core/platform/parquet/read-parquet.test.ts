import { ParquetWriter, ByteWriter } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { openParquet, readGroup, type WantedColumn } from '../../../../../src/core/platform/parquet/read-parquet.ts';
import { listElements, textElement } from '../../../../../src/core/platform/parquet/columns.ts';
import { HOSTILE, hostileParquet } from '../../../../support/hostile-parquet.ts';

function open(bytes: Uint8Array) {
  const { buffer } = Uint8Array.from(bytes);
  return openParquet({ byteLength: buffer.byteLength, slice: (start, end) => buffer.slice(start, end) });
}

async function readFirst(bytes: Uint8Array, columns: readonly WantedColumn[], maxBytes = 1_000) {
  const file = await open(bytes);
  const [group] = file.metadata.row_groups;
  if (group === undefined) throw new Error('no row group');
  return readGroup(file, { group, columns, maxBytes });
}

function written(codec: 'SNAPPY' | 'UNCOMPRESSED', values: readonly (readonly (number | null)[] | null)[]): Uint8Array {
  const writer = new ByteWriter();
  const schema = [
    { name: 'schema', num_children: 2 },
    ...listElements('logits', { name: 'element', repetition_type: 'OPTIONAL', type: 'FLOAT' }),
    textElement('name'),
  ];
  const parquet = new ParquetWriter({ writer, schema, codec });
  const names = values.map((_, i) => (i % 3 === 0 ? null : `photo ${i}`));
  void parquet.write({
    columnData: [
      { name: 'logits', data: [...values] },
      { name: 'name', data: names },
    ],
  });
  void parquet.finish();
  return writer.getBytes();
}

describe('a row group of a Parquet file', () => {
  const rows = Array.from({ length: 50 }, (_, i) => (i % 7 === 0 ? null : [i, -i / 2, i % 5 === 0 ? null : 1e-3]));

  it.each(['SNAPPY', 'UNCOMPRESSED'] as const)('has its lists, texts and nulls (%s)', async (codec) => {
    const columns = [{ path: ['logits'], most: 150 }, { path: ['name'] }];
    const [logits, names] = await readFirst(written(codec, rows), columns, 5_000);
    const float32 = rows.map((row) => row && row.map((value) => (value === null ? null : Math.fround(value))));
    expect(Array.from(logits ?? [], (list) => list)).toEqual(float32);
    expect(names).toEqual(rows.map((_, i) => (i % 3 === 0 ? null : `photo ${i}`)));
  });

  it('is refused if its lists have more items than are allowed', async () => {
    const columns = [{ path: ['logits'], most: 100 }];
    await expect(readFirst(written('SNAPPY', rows), columns, 5_000)).rejects.toThrow(
      '50 rows have 134 values in the column logits, more than 100',
    );
  });

  it.each(HOSTILE)('of some kB that would take gigabytes is refused before that: %s', async (kind) => {
    const file = hostileParquet({ kind, rows: 40, count: 200_000_000, column: 'logits' });
    expect(file.length).toBeLessThan(3_000);
    const before = process.memoryUsage.rss();
    const columns = [{ path: ['logits'], most: 200 }];
    const outcome = await readFirst(file, columns, 10_000).then(JSON.stringify, String);
    expect(outcome).toMatch(/more than 200|only 40 are left|larger than its rows can need|more values than the page/);
    expect(process.memoryUsage.rss() - before).toBeLessThan(100e6);
  });
});
