import { countOf, countText } from '../ui/shared/texts.ts';
import { modelsText } from './account.ts';
import { plainMarkdown } from './markdown.ts';
import type { Protocol } from './protocol.ts';

/** How to measure a model with the set. Sources: section 4 of the paper and its code. */
export function evaluationSection(protocol: Protocol): string {
  return protocol.rule.mode === 'A' ? `## Evaluate a model\n\n${accuracyText(protocol)}` : outOfDistribution(protocol);
}

function accuracyText({ among, classes }: Protocol): string {
  return (
    `Accuracy is the share of photos whose class comes first. The filter chose among ${countOf(among.length, 'class', 'classes')} ` +
    '(`among` in `protocol.json`), so keep only the logits of these. ' +
    (among.length === classes.length
      ? 'Each of them has photos here.'
      : `Photos of ${countText(classes.length)} of them are here.`)
  );
}

/** What only sets of mode O have: the claim, how far to trust it, and how such a set is used. */
function outOfDistribution(protocol: Protocol): string {
  const { among, searched, review } = protocol;
  const model = plainMarkdown(modelsText(protocol));
  const blind = review.agreement.photos;
  return `## Out of distribution

**The claim.** No photo shows any of the ${countText(among.length)} classes that ${model} knows, anywhere in it. “Review” says what
the reviewers were asked.

**How far to trust it.** A reviewer may miss one of so many classes. In ImageNet-O itself, the authors of NINCO (Bitterwolf, Müller
and Hein, *In or Out?*, ICML 2023) found 78 of 400 photos in distribution (19.5 %). Here ${countOf(blind, 'listed photo')}
${blind === 1 ? 'has' : 'have'} two blind verdicts; “Review” says how far they agree. Before you rely on a number, let somebody audit a
random sample of the photos, and report the share in distribution with its interval.

**How to evaluate.** Take photos of the ${countOf(searched.length, 'class', 'classes')} in \`searched\` of \`protocol.json\`, such as
the validation set of ImageNet, as in distribution, and this set as out of distribution. Keep only the logits of these classes.
The score of a photo is the negative of its largest softmax probability. The paper reports the area under the precision-recall
curve with out of distribution as the positive class. Report it beside its chance level, which is the share of photos that are
out of distribution.`;
}
