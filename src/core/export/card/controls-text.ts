import { countOf, countText, shareText } from '../../kernel/texts.ts';
import type { Facts } from './facts.ts';

const rateOf = (accepted: number, rejected: number): string =>
  `${countText(accepted)} of ${countText(accepted + rejected)} (${shareText(accepted, accepted + rejected)})`;

/** The section about controls; false if the collection has none. */
export function controlsText({ control, totals: { selected, rejected }, options }: Facts): string | false {
  if (control === undefined) return false;
  const place = options.pixels ? '`control/` has' : '`control/metadata.jsonl` lists';
  return `## Controls

${place} ${countOf(control.photos, 'photo')} of the same crawl that the filter dropped as correct: a model put the class first. They are no part of
the test set. Reviewers saw them in one queue with the listed photos, and nothing from the models before their verdict. Of photos with
a verdict for or against them, they accepted ${rateOf(control.accepted, control.rejected)} controls and ${rateOf(selected, rejected)} listed photos. A model's
accuracy on the test set can be compared with its accuracy on them, against photos that a member got right. These are the easy part of the
crawl: accuracy on all of its photos is lower, so the difference is no estimate of how far accuracy drops. The licence of each control
is in \`attribution.csv\` and \`control/metadata.jsonl\`; the other forms of the set leave controls out.`;
}
