import type { Mode } from '../../kernel/mode.ts';
import { countOf, countText } from '../../kernel/texts.ts';
import type { Protocol } from '../protocol.ts';

type Counted = Pick<Protocol, 'searched' | 'among'>;

export const CARD_TEXTS = {
  A: {
    title: 'Adversarially filtered photos',
    released: 'ImageNet-A',
    /** Fields and tags of the Hugging Face Hub, and keywords of the Croissant file. */
    hubTasks: { task_ids: ['multi-class-image-classification'] },
    hubTags: ['adversarial-filtering', 'robustness'],
    keywords: ['adversarial filtering', 'robustness'],
    subjects: ({ searched }: Counted): string => `photos of ${countOf(searched.length, 'class', 'classes')}`,
    listed: (cap: number): string =>
      `The shortlist takes at most ${cap} kept photos of a class with the same predicted class, those with the ` +
      'lowest probability of the searched class first.',
    question: (): string => 'does it show the class that it was searched as?',
    estimate:
      'Accuracy on this set does not estimate accuracy on photos as they are found: those that the filter recognises are missing.',
    mistakes: 'People make mistakes: some photos may be in the wrong folder.',
    bias: 'Reviewers may have rejected photos that they could not recognise, so the hardest ones may be missing.',
    use: 'Testing image classifiers: how well they recognise photos that fooled others.',
  },
  O: {
    title: 'Out-of-distribution photos',
    released: 'ImageNet-O',
    hubTasks: {},
    hubTags: ['out-of-distribution', 'anomaly-detection'],
    keywords: ['out-of-distribution detection'],
    subjects: ({ among }: Counted): string => `photos of concepts outside the ${countText(among.length)} classes`,
    listed: (cap: number): string =>
      `For each concept and predicted class the shortlist takes at most ${cap} photos, the most confident first.`,
    question: ({ among }: Counted): string => `is any of the ${countText(among.length)} classes visible?`,
    estimate:
      'Detection on this set does not estimate detection of other unknown things: it has only photos that the filter is sure of.',
    mistakes: 'People make mistakes: some photos may show one of the classes.',
    bias: 'The concepts are those of the collection, so other unknown things are missing.',
    use: 'Testing out-of-distribution detection, together with photos of the classes of the model.',
  },
} satisfies Record<Mode, object>;

export type CardTexts = (typeof CARD_TEXTS)[Mode];
