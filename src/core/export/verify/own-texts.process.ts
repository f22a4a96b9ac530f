import type { WrittenFile } from '../output-folder.process.ts';
import { accountOf, type Account } from '../card/account.ts';
import { exportCard } from '../card/card.ts';
import { domainsCsv } from '../card/domains-csv.ts';
import { licencesPage } from '../card/licences-page.ts';
import { croissantText } from '../croissant/croissant.ts';
import type { ExportContent } from './content.process.ts';
import { checking, type Check } from './findings.ts';
import { CARD, CROISSANT, DOMAINS, isAboutPhotos, LICENCES_PAGE, PROTOCOL } from '../layout.ts';

/** How much longer a changed text may be. */
const SPARE_BYTES = 64 * 1024;

export async function checkOwnTexts(content: ExportContent): Promise<void> {
  // Computed in each check, because a problem of the protocol is a breach of the file that is checked.
  const account = (): Account => accountOf(content.protocol);
  const files = await otherFiles(content);
  await compare(content, { check: 'card', file: CARD }, () => exportCard(account(), files));
  await compare(content, { check: 'card', file: LICENCES_PAGE }, () => licencesPage(account()));
  if (content.protocol.domains !== undefined)
    await compare(content, { check: 'card', file: DOMAINS }, () => domainsCsv(account()));
  await compare(content, { check: 'croissant', file: CROISSANT }, () => croissantText(account(), files));
}

/** The files that were there when the texts were written, in the order of SHA256SUMS. */
async function otherFiles({ folder, checksums }: ExportContent): Promise<WrittenFile[]> {
  const later = new Set([CARD, DOMAINS, LICENCES_PAGE, CROISSANT, PROTOCOL]);
  const files: WrittenFile[] = [];
  for (const [path, sha256] of checksums)
    if (isAboutPhotos(path) && folder.files.has(path) && !later.has(path))
      files.push({ path, sha256, bytes: await folder.sizeOf(path) });
  return files;
}

async function compare(
  content: ExportContent,
  { check, file }: { readonly check: Check; readonly file: string },
  expectedText: () => string,
): Promise<void> {
  const { folder, protocol } = content;
  await checking(content, { check, file }, async (report) => {
    const text = textOrNothing(expectedText);
    const expected = text.split('\n');
    const actual = (await folder.readText(file, 2 * Buffer.byteLength(text) + SPARE_BYTES)).split('\n');
    const at = expected.findIndex((line, i) => line !== actual[i]);
    const line = at === -1 && actual.length > expected.length ? expected.length : at;
    const [wanted, found] = [shortened(expected[line]), shortened(actual[line])];
    if (line !== -1)
      report([`Expected what winnow ${protocol.winnow} writes, '${wanted}', but received '${found}'`], line + 1);
  });
}

/** A text cannot be made if a file that it names is missing, which is a breach already. */
function textOrNothing(text: () => string): string {
  try {
    return text();
  } catch (error) {
    if (error instanceof RangeError) return '';
    throw error;
  }
}

function shortened(line = ''): string {
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}
