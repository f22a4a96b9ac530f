import { withBasePath } from '../../base-path.ts';
import type { NamedClass } from '../../../../core/collection/label-index.ts';
import type { AgreementReport } from '../../../../core/review/agreement/agreement.ts';
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
} from '../../../../core/review/desk/desk.ts';
import type { QuizAnswer, QuizAnswered, QuizState } from '../../../../core/review/quiz/quiz.ts';
import type { NextStep } from '../../../../core/kernel/next-step.ts';
import type { Subject } from '../../../../core/review/events/event.ts';
import type { StaleSubject } from '../../../../core/review/events/stale.ts';
import type { ClassCovers, PhotoFacets } from '../../../../core/review/desk/facets.ts';

/** The server's limit of photos in one `rows` request. */
export const ROWS_MAX = 200;

/** Time limit of a request with actions, which are then sent again. The server stores an action once, also if it is still storing it. */
const ACTIONS_LIMIT_MS = 30_000;

const UNAUTHORIZED = 401;
const SESSION_OVER = 'The session is over. Log in again.';

export class ApiError extends Error {
  /** The HTTP status; 0 if no answer came. */
  readonly status: number;
  readonly code: string | null;
  /** The photos of an action that was refused as `stale`. */
  readonly stale: readonly StaleSubject[];

  constructor(
    status: number,
    message: string,
    { code = null, stale = [] }: Partial<Pick<ApiError, 'code' | 'stale'>> = {},
  ) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.stale = stale;
  }

  get isSessionOver(): boolean {
    return this.status === UNAUTHORIZED;
  }

  /** True if a retry may succeed: the server is unreachable or busy, or the user must log in. */
  get isPassing(): boolean {
    return this.status < 400 || this.status >= 500 || [UNAUTHORIZED, 408, 429].includes(this.status);
  }
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export type ReviewApi = ReturnType<typeof reviewApi>;

/** @param reviewer null if unknown, or for a read-only user */
export function reviewApi(collection: string, reviewer: string | null) {
  const get = <T>(...path: string[]): Promise<T> => post<T>(path.map(encodeURIComponent).join('/'));
  const query = <T>(path: string, fields: object): Promise<T> => {
    const set = Object.entries(fields).filter(([, value]) => value !== undefined);
    return post<T>(`${path}?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}`);
  };
  return {
    setup: () => get<ReviewSetup>('setup'),
    setReviewer: (name: string) => post<unknown>('reviewer', { name }),
    next: async () => (await post<{ readonly next: NextStep }>('../overview')).next,
    setCriteria: (text: string) => post<unknown>('criteria', { text }),
    agreement: () => get<AgreementReport>('agreement'),
    classes: () => get<ClassList>('classes'),
    covers: () => get<ClassCovers>('covers'),
    names: () => get<readonly NamedClass[]>('names'),
    classPage: (wnid: string) => get<ClassPage>('class', wnid),
    lease: (request: Omit<LeaseRequest, 'reviewer'>) => post<LeaseAnswer>('lease', { reviewer, ...request }),
    index: async (filter: ReviewFilter, order: ReviewOrder): Promise<readonly Subject[]> => {
      const { wnids, photos } = await query<PhotoIndex>('index', { ...filter, order });
      return photos.map(([sha256, position]) => ({ sha256, wnid: wnids[position] ?? '' }));
    },
    facets: (filter: ReviewFilter) => query<PhotoFacets>('facets', filter),
    rows: (subjects: readonly Subject[], client?: string) => post<PhotoRows>('rows', { subjects, client }),
    actions: (request: ActionsRequest) => post<ActionsAnswer>('actions', request, ACTIONS_LIMIT_MS),
    question: () => post<QuizState>('../quiz/next', reviewer === null ? {} : { reviewer }),
    answer: (answer: QuizAnswer) =>
      post<QuizAnswered>('../quiz/answers', { reviewer: reviewer ?? undefined, ...answer }),
    recent: () => get<RecentActions>('recent'),
    evidence: ({ wnid, sha256 }: Subject) => get<PhotoEvidenceShown>('evidence', wnid, sha256),
    heatmap: (model: string, wnid: string, sha256: string) => get<Heatmap>('heatmap', model, wnid, sha256),
  };

  function post<T>(path: string, body?: object, limitMs?: number): Promise<T> {
    return ask<T>(`/c/${encodeURIComponent(collection)}/api/review/${path}`, body, limitMs);
  }
}

/** Browsers limit `keepalive` requests to 64 kB in flight. */
const KEEP_ALIVE_MAX_CHARS = 30_000;

/** @param limitMs by default there is no limit. @throws ApiError */
export async function ask<T>(path: string, content?: object, limitMs?: number): Promise<T> {
  return (await send(path, content, limitMs)).json();
}

/** The browser completes a small POST even if the tab closes. @throws ApiError */
export async function send(path: string, content?: object, limitMs?: number): Promise<Response> {
  const accept = 'application/json';
  const body = JSON.stringify(content);
  const signal = limitMs === undefined ? null : AbortSignal.timeout(limitMs);
  const request: RequestInit =
    content === undefined
      ? { headers: { accept }, signal }
      : {
          signal,
          method: 'POST',
          headers: { 'content-type': accept, accept },
          body,
          keepalive: body.length < KEEP_ALIVE_MAX_CHARS,
        };
  const response = await fetch(withBasePath(path), request).catch(() => {
    throw new ApiError(0, 'The server does not answer');
  });
  // With this header the server asks for a login. Without it the user is logged in and the body has the error.
  if (response.status === UNAUTHORIZED && response.headers.has('www-authenticate'))
    throw new ApiError(UNAUTHORIZED, SESSION_OVER);
  if (!response.ok) throw await errorIn(response);
  return response;
}

async function errorIn(response: Response): Promise<ApiError> {
  const { status } = response;
  const answer: unknown = await response.json().catch(() => null);
  const textAt = (name: string): string | null => {
    const text: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : null;
    return typeof text === 'string' ? text : null;
  };
  const code = textAt('code');
  const stale: readonly StaleSubject[] = code === 'stale' ? Reflect.get(Object(answer), 'stale') : [];
  return new ApiError(status, textAt('error') ?? `The server answered ${status}`, { code, stale });
}
