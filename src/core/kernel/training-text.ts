import { countOf, countText, listText } from './texts.ts';

const UNKNOWN = 'unknown';

export interface TrainedModel {
  readonly name: string;
  readonly trainingData?:
    | { readonly name: string; readonly until: string; readonly classes: readonly string[] }
    | null
    | undefined;
  /** Photos of the set that were uploaded after `until`, and all of which the day of upload is known. */
  readonly uploadedLater?: { readonly photos: number; readonly dated: number } | null | undefined;
}

const isOf = (models: readonly TrainedModel[], classes: string): TrainedModel[] =>
  models.filter(({ trainingData }) => trainingData?.classes.includes(classes) === true);

/** `clip-vit-b32 (WIT, until 2021-01)` */
export function trainedText({ name, trainingData, uploadedLater }: TrainedModel): string {
  const { name: data = UNKNOWN, until = UNKNOWN } = trainingData ?? {};
  const { photos = 0, dated = 0 } = uploadedLater ?? {};
  const later =
    dated === 0 ? '' : `; ${countText(photos)} of ${countOf(dated, 'photo')} with a day were uploaded later`;
  return `${name} (${data === UNKNOWN ? 'unknown photos' : data}${until === UNKNOWN ? '' : `, until ${until}`}${later})`;
}

/** The models that may have been trained on photos of a set, as sentences. */
export function trainingSentences(models: readonly TrainedModel[], mode: 'A' | 'O'): string[] {
  const web = isOf(models, 'web');
  const more = mode === 'O' ? isOf(models, 'imagenet-21k') : [];
  const named = (some: readonly TrainedModel[]): string => listText(some.map(trainedText));
  return [
    web.length > 0 && `Trained on photos from the web, and so maybe on photos of this set: ${named(web)}.`,
    more.length > 0 &&
      `Trained on ImageNet-21k: ${named(more)}. Sets of mode O are easy for such models, because they may have been trained on the concepts or the photos themselves. The paper suggests to train with the 1,000 classes only.`,
  ].filter((text) => text !== false);
}
