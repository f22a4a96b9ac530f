import type { FastifyInstance } from 'fastify';

/** Levels of arrays and objects in what pages send, and some more. */
const DEEPEST = 32;

/** Refuses JSON that is nested so deep that checking or quoting it would exhaust the stack (400). */
export function refuseDeepJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    void parse(request, String(body), (error, value: unknown) =>
      error === null && isDeeper(value) ? done(tooDeep()) : done(error, value),
    );
  });
}

function isDeeper(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth <= DEEPEST && level.length > 0; depth += 1) level = level.flatMap(childrenOf);
  return level.length > 0;
}

function childrenOf(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function tooDeep(): Error {
  return Object.assign(new Error(`Expected JSON of at most ${DEEPEST} levels but it is nested deeper`), {
    statusCode: 400,
  });
}
