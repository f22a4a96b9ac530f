import path from 'node:path';
import type { HandedPhoto, PhotoPlaces } from './handed-photo.ts';

/**
 * The listed photos, in the order of the shortlist, as tasks for Label Studio in JSON
 * (https://labelstud.io/guide/tasks, "Basic Label Studio JSON format"): the picture, the row of the shortlist, the
 * answers to choose from, and the confusion as a prediction of a `Choices` named `class` of an `Image` named `image`.
 *
 * Pictures have the addresses at which Label Studio serves local files: below its document root, which is the folder of
 * the blobs.
 */
export function labelStudioTasks(photos: readonly HandedPhoto[], places: PhotoPlaces): string {
  const tasks = photos.map((photo) => {
    const [searchedAs, predicted] = answersOf(photo);
    return {
      data: {
        image: `/data/local-files/?d=${encodeURI(pathInBlobs(photo, places))}`,
        choices: [searchedAs, predicted, NEITHER].map((value) => ({ value })),
        ...aboutOf(photo),
      },
      predictions: [
        {
          model_version: places.ensemble.join(' + '),
          score: photo.confusionProb,
          result: [{ from_name: 'class', to_name: 'image', type: 'choices', value: { choices: [predicted] } }],
        },
      ],
    };
  });
  return `${JSON.stringify(tasks, null, 1)}\n`;
}

/** The answer if the picture shows neither the class searched as nor the predicted one. */
export const NEITHER = 'neither';

/** The names of the two classes, with their ids if the names are equal. */
export function answersOf({
  name,
  wnid,
  confusionName,
  confusionWnid,
}: Pick<HandedPhoto, 'name' | 'wnid' | 'confusionName' | 'confusionWnid'>): [searchedAs: string, predicted: string] {
  if (name !== confusionName) return [name, confusionName];
  return [`${name} (${wnid})`, `${confusionName} (${confusionWnid})`];
}

function pathInBlobs({ sha256 }: HandedPhoto, { pathOf, blobsFolder }: PhotoPlaces): string {
  return path.relative(blobsFolder, pathOf(sha256)).replaceAll('\\', '/');
}

function aboutOf(photo: HandedPhoto): Record<string, unknown> {
  const { sha256, wnid, name, rank, confusionWnid, confusionName, maxTrueProb, confusionProb } = photo;
  const { source, pageUrl, creator, licence, licenceUrl } = photo.rights;
  const shortlist = { sha256, wnid, name, rank, confusionWnid, confusionName, maxTrueProb, confusionProb };
  return { ...shortlist, source, pageUrl, creator, licence, licenceUrl };
}
