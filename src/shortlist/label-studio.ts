import { placesOf, type HandedPhoto, type PhotoPlaces } from './handed-photo.ts';

/**
 * The listed photos as tasks for Label Studio (https://labelstud.io/guide/tasks, "Basic Label Studio JSON format"): the
 * picture, what the class and the confusion are, and the confusion as a prediction of a `choices` named `class` on an
 * `image`. In the order of the shortlist; JSON.
 *
 * Pictures are addressed as Label Studio serves local files: below its document root, which is the data folder.
 */
export function labelStudioTasks(photos: readonly HandedPhoto[], places: PhotoPlaces): string {
  const tasks = photos.map((photo) => ({
    data: {
      image: `/data/local-files/?d=${encodeURI(placesOf(photo, places).relative)}`,
      ...aboutOf(photo),
    },
    predictions: [
      {
        model_version: places.ensemble.join(' + '),
        score: photo.confusionProb,
        result: [{ from_name: 'class', to_name: 'image', type: 'choices', value: { choices: [photo.confusionName] } }],
      },
    ],
  }));
  return `${JSON.stringify(tasks, null, 1)}\n`;
}

function aboutOf(photo: HandedPhoto): Record<string, unknown> {
  const { sha256, wnid, name, rank, confusionWnid, confusionName, maxTrueProb, confusionProb } = photo;
  const { source, pageUrl, creator, licence, licenceUrl } = photo;
  const shortlist = { sha256, wnid, name, rank, confusionWnid, confusionName, maxTrueProb, confusionProb };
  return { ...shortlist, source, pageUrl, creator, licence, licenceUrl };
}
