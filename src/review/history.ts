import type { ReviewEvent } from './event.ts';

/** What a reviewer did, on one line. */
export function eventText(event: ReviewEvent): string {
  return `${event.reviewer}: ${actionText(event)}`;
}

function actionText(event: ReviewEvent): string {
  const { kind, value } = event;
  if (kind === 'undo' || kind === 'redo') return `${kind} of event ${event.undoes}`;
  if (kind === 'tag') return value.tags.length === 0 ? 'no tags' : `tags ${value.tags.join(', ')}`;
  if (kind === 'note') return value.note === '' ? 'no note' : `note '${value.note}'`;
  if (kind === 'flag') return value.flagged ? 'flagged' : 'flag removed';
  const how = { verdict: '', adjudicate: ', which settles it', import: ', imported' }[kind];
  return `${value.verdict}${value.reason === null ? '' : ` (${value.reason})`}${how}`;
}
