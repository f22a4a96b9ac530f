import process from 'node:process';
import { makeCopies } from '../test/support/copies.ts';

/** `node --import tsx scripts/make-copies.ts OUT COUNT` makes a large folder of distinct photos to try winnow with. */
const [out, count, ...rest] = process.argv.slice(2);
if (out === undefined || count === undefined || rest.length > 0 || !/^[1-9]\d{0,7}$/.test(count)) {
  console.error('usage: node --import tsx scripts/make-copies.ts OUT COUNT');
  process.exitCode = 2;
} else {
  let bytes = 0;
  await makeCopies(out, Number(count), { onCopy: (copy) => (bytes += copy.bytes) });
  console.error(`${count} distinct photos (${(bytes / 1e6).toFixed(1)} MB) in ${out}`);
}
