// From a folder of photos to a verified test set, with verdicts from a CSV table.
//
//   node curate.mjs COLLECTION PHOTOS VERDICTS.csv OUT
//
// COLLECTION is a name under config/collections, or the path of a collection file. VERDICTS.csv has the columns sha256, wnid and
// verdict (accept, reject or unsure). Without a verdict for a photo of the shortlist, the script prints its line for the table. Run it
// again with more verdicts and another OUT: what is done stays done.
import { openWinnow, verifyExport, WinnowError } from 'winnow-images';

const [collection, from, verdicts, out] = process.argv.slice(2);

// Ctrl-C ends the work after the jobs in flight.
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const { signal } = stop;

const onProgress = ({ what, done, total }) => console.error(`${what}: ${done} of ${total ?? '?'}`);

async function curate(winnow) {
  const { crawl, filter } = await winnow.run({ from, signal, onProgress });
  for (const problem of crawl.problems) console.error(problem);
  console.log(`${crawl.fetched} photos fetched, ${filter.kept} kept, ${filter.dropped} dropped`);

  const { imported, known, conflicts, notListed } = await winnow.importVerdicts(verdicts);
  console.log(`${imported} verdicts imported, ${known} known before`);
  for (const { row } of conflicts) console.error(`line ${row.line} contradicts an earlier verdict of ${row.reviewer}`);
  for (const { line } of notListed) console.error(`line ${line} is about a photo that is not on the shortlist`);
  for await (const { sha256, wnid } of winnow.verdicts({ state: 'unreviewed' })) console.log(`${sha256},${wnid},`);

  const { path, photos, classes, leftOut } = await winnow.export({ out, signal });
  console.log(`${photos} photos of ${classes} classes in ${path}`);
  for (const { reason, count } of leftOut) console.log(`left out: ${count} ${reason}`);
  const { ok, breaches } = await verifyExport(path, { signal });
  for (const { check, file, detail } of breaches) console.error(`${check} ${file}: ${detail}`);
  console.log(ok ? 'verified' : 'not verified');
  process.exitCode = ok ? 0 : 1;
}

let winnow;
try {
  winnow = await openWinnow({ collection, create: true, log: process.stderr, signal });
  await curate(winnow);
} catch (error) {
  // Other errors are defects: Node prints them with their stacks.
  if (!(error instanceof WinnowError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await winnow?.close();
}
