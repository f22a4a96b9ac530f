// From a folder of photos to a verified test set, with verdicts from a CSV table.
//
//   node curate.mjs COLLECTION PHOTOS VERDICTS.csv OUT > to-decide.csv
//
// COLLECTION is a name under config/collections, or the path of a collection file. VERDICTS.csv has the columns sha256, wnid and
// verdict (accept, reject or unsure). The photos that have no verdict are printed as such a table: decide them, add the lines to
// VERDICTS.csv, and run the script again with another OUT. What is done stays done.
import { existsSync } from 'node:fs';
import { openWinnow, verifyExport, WinnowError } from 'winnow-images';

const [collection, from, verdicts, out] = process.argv.slice(2);

// Ctrl-C ends the work after the jobs in flight.
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const { signal } = stop;

const say = (text) => console.error(text);
const complain = (text) => {
  say(text);
  process.exitCode = 1;
};
const onProgress = ({ what, done, total }) => say(`${what}: ${done} of ${total ?? '?'}`);

async function curate(winnow) {
  const { crawl, filter } = await winnow.run({ from, signal, onProgress });
  for (const problem of crawl.problems) complain(problem);
  for (const { source, error } of crawl.stopped) complain(`${source} was given up: ${error}`);
  if (filter.lostBytes > 0) complain(`${filter.lostBytes} photos have lost their bytes`);
  say(`${crawl.fetched} photos fetched, ${filter.kept} kept, ${filter.dropped} dropped`);

  if (existsSync(verdicts)) await decide(winnow);
  console.log('sha256,wnid,verdict');
  for await (const { sha256, wnid } of winnow.verdicts({ state: 'unreviewed' })) console.log(`${sha256},${wnid},`);
  const { totals } = await winnow.status();
  if (totals.selected === 0) return complain('No photo is accepted yet, so nothing is exported.');

  const { path, photos, classes, leftOut } = await winnow.export({ out, signal });
  say(`${photos} photos of ${classes} classes in ${path}`);
  for (const { reason, count } of leftOut) say(`left out: ${count} ${reason}`);
  const { ok, breaches } = await verifyExport(path, { signal });
  for (const { check, file, detail } of breaches) complain(`${check} ${file}: ${detail}`);
  return say(ok ? 'verified' : 'not verified');
}

async function decide(winnow) {
  const { imported, known, conflicts, notListed } = await winnow.importVerdicts(verdicts);
  say(`${imported} verdicts imported, ${known} known before`);
  for (const { row } of conflicts) complain(`line ${row.line} contradicts an earlier verdict of ${row.reviewer}`);
  for (const { line } of notListed) complain(`line ${line} is about a photo that is not on the shortlist`);
}

let winnow;
try {
  winnow = await openWinnow({ collection, create: true, log: process.stderr, signal });
  await curate(winnow);
} catch (error) {
  // Other errors are defects: Node prints them with their stacks.
  if (!(error instanceof WinnowError)) throw error;
  complain(`${error.code}: ${error.message}`);
} finally {
  await winnow?.close();
}
