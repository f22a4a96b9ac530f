import { placesOf, type HandedPhoto, type PhotoPlaces } from './handed-photo.ts';

/**
 * The listed photos as the labels file of a FiftyOne dataset of type `FiftyOneImageClassificationDataset`: photos by
 * absolute path, so no folder of pictures is needed beside it. Each has one label for each class that it is listed
 * under: what it is taken for, with its probability as the confidence, and the row of the shortlist as attributes. JSON.
 */
export function fiftyOneLabels(photos: readonly HandedPhoto[], places: PhotoPlaces): string {
  const labels = new Map<string, object[]>();
  for (const photo of photos) {
    const { absolute } = placesOf(photo, places);
    labels.set(absolute, [...(labels.get(absolute) ?? []), labelOf(photo)]);
  }
  // Names as labels, not positions: two classes may share a name, and FiftyOne would take the first.
  return `${JSON.stringify({ classes: null, labels: Object.fromEntries(labels) }, null, 1)}\n`;
}

function labelOf(photo: HandedPhoto): object {
  const { sha256, wnid, name, rank, confusionWnid, confusionName, maxTrueProb, confusionProb } = photo;
  const { source, pageUrl, creator, licence } = photo;
  return {
    label: confusionName,
    confidence: confusionProb,
    attributes: {
      found_as: name,
      found_as_wnid: wnid,
      label_wnid: confusionWnid,
      rank,
      max_true_prob: maxTrueProb,
      sha256,
      source,
      page_url: pageUrl,
      creator,
      licence,
    },
  };
}
