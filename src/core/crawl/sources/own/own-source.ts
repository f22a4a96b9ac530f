import * as z from 'zod';
import type { SourceModule } from '../../../collection/source-module.ts';
import { GiveUpOnItem, messageOf, WinnowError } from '../../../kernel/errors.ts';
import { within } from '../../../kernel/within.ts';
import { isPassing, tryLater } from '../api-outcome.ts';
import { rightsOf } from '../list-columns.ts';
import type { ApiResponse, Json, NetworkSource, ResultPage, SourceApi } from '../network-source.ts';
import { hostOf, isWithin } from '../permit-keys.ts';
import { pictureAddress, pictureId } from '../picture-address.ts';
import { misfitPhoto, unreadablePhoto, type FoundPhoto } from '../source.ts';
import { shortText, storableText } from '../text.ts';

/** The class to search for. `line` is the source's part of the class's line in the queries file. */
export interface OwnWanted {
  readonly wnid: string;
  readonly name: string;
  readonly scientificName: string | null;
  readonly line: Json;
  /** The first day of upload to ask for, or null. */
  readonly since: string | null;
  /** Null for the first page; then what `next` of the page before was. */
  readonly cursor: Json;
}

export type SearchFunction = (
  wanted: OwnWanted,
  tools: { readonly send: (url: string | URL, headers?: Readonly<Record<string, string>>) => Promise<ApiResponse> },
) => unknown;

const text = z.string().nullish();
export const rightsSchema = z.strictObject({ licence: text, creator: text, pageUrl: text });

/** A source in a file of the user's own, once it is read and checked. */
export interface OwnSource extends SourceModule {
  readonly name: string;
  readonly sha256: string;
  readonly requestsPerMinute: number;
  /** Requests go to the origins of these URLs only. */
  readonly addresses: readonly string[];
  /** Pictures are fetched from these hosts and all hosts below them. */
  readonly mediaHosts: readonly string[];
  /** The rights of photos that state none. */
  readonly rights?: z.output<typeof rightsSchema> | undefined;
  readonly search: SearchFunction;
}

const paramsSchema = z.object({
  wnid: z.string(),
  name: z.string(),
  scientificName: z.string().nullable(),
  line: z.json(),
});
const pageSchema = z.object({
  photos: z.array(z.unknown()),
  next: z.json().optional(),
  total: z.int().min(0).nullish(),
});
const photoSchema = z.object({
  id: z.union([z.string().min(1), z.number()]).transform(String),
  url: z.string(),
  ...rightsSchema.shape,
  takenAt: text,
  uploadedAt: text,
});

const LONGEST_ID = 200;
const SEARCH_TIMEOUT_MS = 600_000;

export function ownNetworkSource(own: OwnSource): NetworkSource {
  return {
    name: own.name,
    plan({ wnid, name, scientificName, entry = null }) {
      const params = { wnid, name, scientificName, line: entry };
      return Promise.resolve({
        queries: [{ key: JSON.stringify(params), title: name, params }],
        problems: [],
        notes: [],
      });
    },
    nextPage({ params, since = null }, cursor, api) {
      return searchOwn(own, { ...paramsSchema.parse(params), since, cursor }, api);
    },
  };
}

/** One page of the results for a class. @throws GiveUpOnItem `bad-source-module` if the file fails; and what `api.send` throws */
export async function searchOwn(own: OwnSource, wanted: OwnWanted, api: SourceApi): Promise<ResultPage> {
  const page = pageSchema.safeParse(await answerOf(own, wanted, api));
  if (!page.success) throw misbehaved(own, `expected {photos, next} from search(): ${z.prettifyError(page.error)}`);
  const { photos, next = null, total = null } = page.data;
  if (next !== null && JSON.stringify(next) === JSON.stringify(wanted.cursor))
    throw misbehaved(own, `search() gave the same 'next' twice: ${shortText(JSON.stringify(next), 100)}`);
  return { photos: photos.map((photo) => photoOf(photo, wanted.wnid, own)), next, total };
}

async function answerOf(own: OwnSource, wanted: OwnWanted, api: SourceApi): Promise<unknown> {
  const send = (url: string | URL, headers = {}): Promise<ApiResponse> =>
    answered(own, { url: String(url), headers }, api);
  const search = async (): Promise<unknown> => own.search(wanted, { send });
  try {
    const answer = await within(SEARCH_TIMEOUT_MS, search());
    // An answer that cannot be stored, such as a BigInt, is an error of the file.
    return JSON.parse(JSON.stringify(answer) ?? 'null');
  } catch (error) {
    throw error instanceof WinnowError ? error : misbehaved(own, `search() failed: ${messageOf(error)}`, error);
  }
}

/** Answers that pass (429, 5xx) do not reach the file: the same page is asked for later. */
async function answered(
  own: OwnSource,
  request: Parameters<SourceApi['send']>[0],
  api: SourceApi,
): Promise<ApiResponse> {
  const origin = URL.parse(request.url)?.origin ?? 'what is no URL';
  if (!own.addresses.some((address) => new URL(address).origin === origin))
    throw misbehaved(own, `its 'addresses' do not allow a request to ${origin}`);
  const response = await api.send(request);
  if (isPassing(response.status)) throw tryLater(response, own.name, api.nowMs());
  return response;
}

function misbehaved({ path }: OwnSource, problem: string, cause?: unknown): GiveUpOnItem {
  return new GiveUpOnItem(`${path}: ${problem}`, { code: 'bad-source-module', cause });
}

function photoOf(given: unknown, label: string, { name: source, mediaHosts, rights }: OwnSource): FoundPhoto {
  const parsed = photoSchema.safeParse(given);
  if (!parsed.success) {
    const json = JSON.stringify(given);
    const detail = `${shortText(z.prettifyError(parsed.error), 200)} in ${shortText(json, 200)}`;
    return misfitPhoto({ source, sourceId: `no-photo-${pictureId(json)}`, label, detail });
  }
  const { id, url, ...stated } = parsed.data;
  const address = pictureAddress(url);
  const facts = new Map([rights, stated].flatMap((of = {}) => Object.entries(of).filter(([, fact]) => fact)));
  const isAllowed = address.problem !== null || mediaHosts.some((host) => isWithin(hostOf(address.url), host));
  const elsewhere = `expected a picture at ${mediaHosts.join(', ')} (mediaHosts) but received ${address.url}`;
  return {
    source,
    sourceId: id.length > LONGEST_ID ? pictureId(id) : storableText(id),
    label,
    url: address.url,
    ...rightsOf((field) => storableText(facts.get(field) ?? '')),
    problem: isAllowed ? address.problem : unreadablePhoto(elsewhere),
  };
}
