// Writes every decision of a collection as a line of JSON.
//
//   node write-decisions.mjs DATA COLLECTION > decisions.jsonl
import { once } from 'node:events';
import { openWinnow } from 'winnow-images';

const [data, collection] = process.argv.slice(2);
const winnow = await openWinnow({ data, collection, log: process.stderr });
try {
  for await (const { confusion, crops, sha256, wnid, state, reason, maxTrueProb } of winnow.decisions()) {
    const row = { sha256, wnid, state, reason, maxTrueProb, confusion: confusion?.name, crops: crops.length };
    if (!process.stdout.write(`${JSON.stringify(row)}\n`)) await once(process.stdout, 'drain');
  }
} finally {
  await winnow.close();
}
