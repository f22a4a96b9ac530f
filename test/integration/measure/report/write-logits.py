"""Writes the array of values.json in all forms that people write: write-logits.py FOLDER. The names of the photos are in it, too."""
import json
import sys
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

folder = sys.argv[1]
with open(f'{folder}/values.json') as file:
    given = json.load(file)
values, names = np.array(given['values'], dtype=np.float32), given['names']
for kind in ['<f2', '<f4', '<f8', '>f2', '>f4', '>f8']:
    word = ('little' if kind[0] == '<' else 'big') + kind[1:]
    np.save(f'{folder}/{word}.npy', values.astype(kind))
    np.save(f'{folder}/{word}-fortran.npy', np.asfortranarray(values.astype(kind)))
for version in [(1, 0), (2, 0), (3, 0)]:
    with open(f'{folder}/version{version[0]}.npy', 'wb') as file:
        np.lib.format.write_array(file, values, version=version)
np.savez(f'{folder}/stored.npz', logits=values, labels=np.zeros(3))
np.savez(f'{folder}/only.npz', values)
np.savez_compressed(f'{folder}/deflated.npz', logits=values)
np.savez_compressed(f'{folder}/deflated-fortran.npz', logits=np.asfortranarray(values))
np.savetxt(f'{folder}/plain.csv', values, delimiter=',')
frame = pd.DataFrame(values)
frame.to_csv(f'{folder}/counted.csv', index=False)
frame.to_csv(f'{folder}/tabs.csv', index=False, header=False, sep='\t')
named = frame.copy()
named.insert(0, 'file_name', names)
named.to_csv(f'{folder}/named.csv', index=False)
named.to_csv(f'{folder}/named-plain.csv', index=False, header=False)
frame.columns = [str(name) for name in frame.columns]
frame.to_parquet(f'{folder}/wide.parquet')
lists = pa.array(list(values))
for codec in ['none', 'snappy', 'gzip', 'brotli']:
    table = pa.table({'file_name': names, 'logits': lists})
    pq.write_table(table, f'{folder}/named-{codec}.parquet', compression=codec, row_group_size=4)
pq.write_table(pa.table({'logits': lists.cast(pa.list_(pa.float64()))}), f'{folder}/doubles.parquet')
pq.write_table(pa.table({'a': pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])}), f'{folder}/fixed.parquet')
pq.write_table(pa.table({'logits': pa.array(list(values.astype(np.float16)))}), f'{folder}/halves.parquet')
pq.write_table(pa.table({'logits': lists}), f'{folder}/zstd-refused.parquet', compression='zstd')
"""Forms that are refused."""
np.save(f'{folder}/whole-refused.npy', values.astype(np.int64))
np.save(f'{folder}/objects-refused.npy', np.array([None, 'a'], dtype=object), allow_pickle=True)
np.save(f'{folder}/flat-refused.npy', values.ravel())
np.savez(f'{folder}/several-refused.npz', a=values, b=values)
