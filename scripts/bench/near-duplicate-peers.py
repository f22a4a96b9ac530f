"""Searches 64-bit hashes with faiss and imagededup, for scripts/bench/near-duplicates.ts. Prints one JSON object.

Arguments: the file of hashes (8 bytes each, big-endian), the number of queries (the first of the hashes) for faiss,
the number for imagededup, the distance, the rounds. A digest is the SHA-256 of all answers: for each query its number
of matches, then their positions, ascending, each as four bytes, little-endian.
"""

import hashlib
import json
import sys
import time

import faiss
import numpy as np
from imagededup.handlers.search.bktree import BKTree
from imagededup.handlers.search.brute_force_cython import BruteForceCython
from imagededup.methods import PHash


def digest(answers):
    sha256 = hashlib.sha256()
    for positions in answers:
        ordered = np.sort(np.asarray(positions, dtype='<i4'))
        sha256.update(np.int32(len(ordered)).astype('<i4').tobytes() + ordered.tobytes())
    return sha256.hexdigest()


def best_of(rounds, count, search):
    """The fastest of some rounds: queries a second by the clock and by processor time, and the answers."""
    result = None
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        answers = search()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if result is None or count / wall > result['perSecond']:
            result = {'perSecond': count / wall, 'perCpuSecond': count / cpu, 'answers': answers}
    return {**result, 'answers': digest(result['answers'])}


def faiss_settings(hashes):
    flat = faiss.IndexBinaryFlat(64)
    flat.add(hashes)
    yield 'IndexBinaryFlat', flat
    for tables, bits, flips in ((4, 16, 1), (3, 21, 2)):
        multi = faiss.IndexBinaryMultiHash(64, tables, bits)
        multi.nflip = flips
        multi.add(hashes)
        yield f'IndexBinaryMultiHash {tables} x {bits} bits, {flips} flipped', multi


def with_faiss(hashes, queries, distance, rounds):
    def search(index):
        # faiss finds what is nearer than the radius, so the radius is one more.
        limits, _, positions = index.range_search(queries, distance + 1)
        return [positions[limits[i]:limits[i + 1]] for i in range(len(queries))]

    most = faiss.omp_get_max_threads()
    for name, index in faiss_settings(hashes):
        for threads in (1, most):
            faiss.omp_set_num_threads(threads)
            result = best_of(rounds, len(queries), lambda index=index: search(index))
            yield {'name': f'faiss {name}', 'threads': threads, 'queries': len(queries), **result}


def with_imagededup(hashes, count, distance):
    stored = {str(i): bytes(row).hex() for i, row in enumerate(hashes)}
    queries = [stored[str(i)] for i in range(count)]
    for name, method in (('brute_force_cython', BruteForceCython), ('bktree', BKTree)):
        searcher = method(stored, PHash.hamming_distance)
        search = lambda searcher=searcher: [[int(i) for i, _ in searcher.search(query=query, tol=distance)] for query in queries]
        yield {'name': f'imagededup {name}', 'threads': 1, 'queries': count, **best_of(1, count, search)}


def main():
    path, faiss_count, imagededup_count, distance, rounds = sys.argv[1], *map(int, sys.argv[2:])
    hashes = np.fromfile(path, dtype=np.uint8).reshape(-1, 8)
    results = [
        *with_faiss(hashes, hashes[:faiss_count], distance, rounds),
        *with_imagededup(hashes, imagededup_count, distance),
    ]
    print(json.dumps({'faiss': faiss.__version__, 'results': results}))


main()
