import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { GiveUpOnItem, messageOf, throwIfInterrupted, unreadable } from '../../kernel/errors.ts';
import { sha256Of } from '../../tools/sha256.ts';
import type { ExportContent } from './content.process.ts';
import { filesOfFormat, shardPath } from '../layout.ts';
import { MAX_LINE_BYTES } from '../../kernel/lines.ts';
import { checking } from './findings.ts';

/** Larger than any photo. A member is in memory as a whole. */
const MAX_MEMBER_BYTES = 512 * 1024 * 1024;
/** A PNG is also a `.jpg` member. */
const KINDS = ['jpg', 'json', 'cls'] as const;
type Kind = (typeof KINDS)[number];

/** `<folder>/<id>.<kind>`, without a dot in the key: WebDataset cuts it at the first one. */
const MEMBER = /^((?:[^/.]+\/)?[A-Za-z0-9_-]+)\.(jpg|json|cls)$/;

interface Member {
  readonly key: string;
  readonly kind: Kind;
  readonly content: Buffer;
}

export async function checkShards(content: ExportContent): Promise<void> {
  const { findings, rows, folder } = content;
  const shards = filesOfFormat('webdataset', folder.files);
  const seen = new Set<number>();
  findings.begin('shard');
  for (const [i, shard] of shards.entries()) {
    const expected = shardPath(i);
    if (shard !== expected)
      findings.breach('shard', shard, `Expected ${expected}, because shards are numbered without gaps`);
    await checking(content, { check: 'shard', file: shard }, () => checkShard(content, shard, seen));
  }
  for (const name of rows.without(seen))
    findings.breach('shard', 'shards', `Expected each photo in a shard but '${name}' is in none`);
}

async function checkShard(content: ExportContent, shard: string, seen: Set<number>): Promise<void> {
  let sample: Member[] = [];
  const finish = async (): Promise<void> => {
    if (sample.length > 0) content.findings.breaches('shard', shard, await sampleProblems(content, sample, seen));
    sample = [];
  };
  for await (const member of membersOf(content, shard)) {
    throwIfInterrupted(content.signal);
    if (member.key !== sample[0]?.key) await finish();
    if (sample.length === KINDS.length)
      throw unreadable(`Expected ${KINDS.length} members of '${member.key}' but there are more`);
    sample.push(member);
  }
  await finish();
}

/** @throws GiveUpOnItem if the archive is damaged or cut */
async function* membersOf({ folder }: ExportContent, shard: string): AsyncGenerator<Member> {
  const chunks = folder.chunks(shard);
  const source = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
  try {
    for await (const entry of source.pipeThrough(createTarDecoder({ strict: true }))) yield await memberOf(entry);
  } catch (error) {
    if (error instanceof GiveUpOnItem) throw error;
    throw unreadable(`Expected a whole tar archive but received '${messageOf(error)}'`, error);
  }
}

async function memberOf({ header, body }: ParsedTarEntry): Promise<Member> {
  const [, key = '', kind] = MEMBER.exec(header.name) ?? [];
  const known = KINDS.find((each) => each === kind);
  if (header.type !== 'file' || known === undefined)
    throw unreadable(`Expected members FOLDER/ID.jpg, .json and .cls but received the ${header.type} '${header.name}'`);
  if (header.size > (known === 'jpg' ? MAX_MEMBER_BYTES : MAX_LINE_BYTES))
    throw unreadable(`Expected a photo or its row but '${header.name}' has ${header.size} bytes`);
  return { key, kind: known, content: Buffer.from(await new Response(body).arrayBuffer()) };
}

async function sampleProblems(
  { rows }: ExportContent,
  sample: readonly Member[],
  seen: Set<number>,
): Promise<(string | false)[]> {
  const key = sample[0]?.key ?? '';
  const kinds = sample.map(({ kind }) => kind).join(', ');
  const position = rows.positionOfId(key.slice(key.lastIndexOf('/') + 1));
  if (position === undefined) return [`Expected photos of test/metadata.jsonl but received '${key}'`];
  if (seen.has(position))
    return [`Expected the members of a photo once and side by side but those of '${key}' come again`];
  seen.add(position);
  const { row, text } = await rows.at(position);
  const contentOf = (wanted: Kind): Buffer => sample.find(({ kind }) => kind === wanted)?.content ?? Buffer.alloc(0);
  return [
    key !== `${row.wnid}/${row.id}` && `Expected the key ${row.wnid}/${row.id} but received '${key}'`,
    kinds !== KINDS.join(', ') && `Expected the members ${KINDS.join(', ')} of '${key}' but received ${kinds}`,
    sha256Of(contentOf('jpg')) !== row.sha256 &&
      `Expected the bytes of test/${row.file_name} for '${key}.jpg' but they differ`,
    contentOf('json').toString() !== text && `Expected the row of test/metadata.jsonl in '${key}.json' but it differs`,
    contentOf('cls').toString() !== String(row.label) &&
      `Expected the label ${row.label} in '${key}.cls' but received '${contentOf('cls').toString().slice(0, 20)}'`,
  ];
}
