import type { AgreementReport } from '../../review/agreement/agreement.ts';
import type {
  ActionsAnswer,
  ActionsRequest,
  ClassList,
  ClassPage,
  Heatmap,
  LeaseAnswer,
  LeaseRequest,
  PhotoEvidenceShown,
  PhotoIndex,
  PhotoRows,
  RecentActions,
  ReviewFilter,
  ReviewOrder,
  ReviewSetup,
} from '../../review/desk/desk.ts';
import type { Subject } from '../../review/events/event.ts';
import type { ClassCovers, PhotoFacets } from '../../review/desk/facets.ts';

/** The server's limit of photos in one `rows` request. */
export const ROWS_MAX = 200;

const UNAUTHORIZED = 401;
const SESSION_OVER = 'The session is over. Log in again; what is not sent yet is kept in this browser.';
const NO_ANSWER = 'The server does not answer';

/** A request that failed. */
export class ApiError extends Error {
  /** The HTTP status; 0 if no answer came. */
  readonly status: number;
  /** The server's error code; `null` if it sent none. */
  readonly code: string | null;

  constructor(status: number, message: string, code: string | null = null) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }

  get isSessionOver(): boolean {
    return this.status === UNAUTHORIZED;
  }

  /** True if a retry may succeed: the server is unreachable or busy, or the user must log in. */
  get isPassing(): boolean {
    return this.status < 400 || this.status >= 500 || [UNAUTHORIZED, 408, 429].includes(this.status);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export type ReviewApi = ReturnType<typeof reviewApi>;

/**
 * The endpoints of `src/review/desk/desk.ts` for one collection. Each rejects with an ApiError.
 *
 * @param reviewer the page's reviewer; null if unknown, or for a read-only user
 */
export function reviewApi(collection: string, reviewer: string | null) {
  const base = `/c/${encodeURIComponent(collection)}/api/review/`;
  const get = <T>(path: string): Promise<T> => ask<T>(base + path);
  const post = <T>(path: string, body: object): Promise<T> => ask<T>(base + path, body);
  return {
    setup: () => get<ReviewSetup>('setup'),
    /** Tells the server the reviewer's name in this browser. */
    setReviewer: (name: string) => post<unknown>('reviewer', { name }),
    setCriteria: (text: string) => post<unknown>('criteria', { text }),
    agreement: () => get<AgreementReport>('agreement'),
    classes: () => get<ClassList>('classes'),
    covers: () => get<ClassCovers>('covers'),
    classPage: (wnid: string) => get<ClassPage>(`class/${encodeURIComponent(wnid)}`),
    /** Leases photos to the reviewer of this page. */
    lease: (request: Omit<LeaseRequest, 'reviewer'>) => post<LeaseAnswer>('lease', { reviewer, ...request }),
    index: (filter: ReviewFilter, order: ReviewOrder) => get<PhotoIndex>(`index?${queryOf({ ...filter, order })}`),
    facets: (filter: ReviewFilter) => get<PhotoFacets>(`facets?${queryOf({ ...filter })}`),
    /** @param subjects at most 200 */
    rows: (subjects: readonly Subject[]) => post<PhotoRows>('rows', { subjects }),
    actions: (request: ActionsRequest) => post<ActionsAnswer>('actions', request),
    recent: () => get<RecentActions>('recent'),
    evidence: ({ wnid, sha256 }: Subject) => get<PhotoEvidenceShown>(`evidence/${encodeURIComponent(wnid)}/${sha256}`),
    heatmap: (model: string, wnid: string, sha256: string) =>
      get<Heatmap>(`heatmap/${encodeURIComponent(model)}/${encodeURIComponent(wnid)}/${sha256}`),
  };
}

/** A query with the API's field names. The page's URL has shorter names. */
function queryOf(fields: Readonly<Record<string, string | number | boolean | undefined>>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, String(value));
  return query;
}

/** Browsers limit `keepalive` requests to 64 kB in flight. */
const KEEP_ALIVE_MAX_CHARS = 30_000;

/**
 * Sends a GET, or a POST if there is a body. The browser completes a small POST even if the tab closes.
 *
 * @throws ApiError
 */
async function ask<T>(path: string, body?: object): Promise<T> {
  const text = body === undefined ? null : JSON.stringify(body);
  const response = await answerTo(path, text);
  // With this header the server asks for a login. Without it the user is logged in and the body has the error.
  if (response.status === UNAUTHORIZED && response.headers.has('www-authenticate'))
    throw new ApiError(UNAUTHORIZED, SESSION_OVER);
  if (!response.ok) throw await errorIn(response);
  return await response.json();
}

async function answerTo(path: string, text: string | null): Promise<Response> {
  try {
    if (text === null) return await fetch(path, { headers: { accept: 'application/json' } });
    return await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: text,
      keepalive: text.length < KEEP_ALIVE_MAX_CHARS,
    });
  } catch {
    throw new ApiError(0, NO_ANSWER);
  }
}

async function errorIn(response: Response): Promise<ApiError> {
  const { status } = response;
  const answer: unknown = await response.json().catch(() => null);
  const textAt = (name: string): string | null => {
    const text: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : null;
    return typeof text === 'string' ? text : null;
  };
  return new ApiError(status, textAt('error') ?? `The server answered ${status}`, textAt('code'));
}
