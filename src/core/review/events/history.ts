import type { ReviewEvent } from './event.ts';

export function eventText(event: ReviewEvent): string {
  return `${event.reviewer}: ${actionText(event)}`;
}

function actionText(event: ReviewEvent): string {
  if (event.undoes !== null) return `${event.kind} of event ${event.undoes}`;
  if (event.kind === 'tag') return event.value.tags.length === 0 ? 'no tags' : `tags ${event.value.tags.join(', ')}`;
  if (event.kind === 'also')
    return event.value.alsoWnids.length === 0 ? 'no other class' : `also sees ${event.value.alsoWnids.join(', ')}`;
  if (event.kind === 'note') return event.value.note === '' ? 'no note' : `note '${event.value.note}'`;
  if (event.kind === 'flag') return event.value.flagged ? 'flagged' : 'flag removed';
  const { verdict, reason } = event.value;
  const how = { verdict: '', adjudicate: ', which settles it', import: ', imported' }[event.kind];
  return `${verdict}${reason === null ? '' : ` (${reason})`}${how}`;
}
