import type { Commands } from '../core/cli/start/program.ts';

export const commands: Commands = {
  review: async () => (await import('./cli/review.ts')).addReviewCommand,
  quiz: async () => (await import('./cli/quiz.ts')).addQuizCommand,
  server: async () => (await import('./cli/server.ts')).addServerCommand,
  sessions: async () => (await import('./cli/sessions.ts')).addSessionsCommand,
};
