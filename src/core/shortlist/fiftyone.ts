import { sha256Of } from '../tools/sha256.ts';
import type { HandedPhoto, PhotoPlaces } from './handed-photo.ts';

/** The FiftyOne release whose format the files have. Later releases migrate them on import. */
const FORMAT_VERSION = '1.13.0';

const TYPES = {
  string: 'fiftyone.core.fields.StringField',
  int: 'fiftyone.core.fields.IntField',
  float: 'fiftyone.core.fields.FloatField',
  date: 'fiftyone.core.fields.DateTimeField',
  id: 'fiftyone.core.fields.ObjectIdField',
  list: 'fiftyone.core.fields.ListField',
  vector: 'fiftyone.core.fields.VectorField',
  embedded: 'fiftyone.core.fields.EmbeddedDocumentField',
} as const;

interface FieldOptions {
  /** Name in the files, if it differs. */
  readonly storedAs?: string;
  readonly document?: string;
  readonly fields?: readonly object[];
  readonly description?: string;
}

/** Source: `FiftyOneDatasetImporter` and `SampleFieldDocument` of the package `fiftyone` 1.22.1. */
export function fiftyOneMetadata({
  collection,
  ensemble,
}: {
  collection: string;
  ensemble: readonly string[];
}): string {
  const metadata = {
    name: collection,
    version: FORMAT_VERSION,
    media_type: 'image',
    description: `The shortlist of ${collection}, made by winnow. No field says what a photo shows: only a person can.`,
    info: { collection, ensemble },
    sample_fields: [...FIELDS_OF_EVERY_SAMPLE, ...FIELDS_OF_PHOTOS],
  };
  return `${JSON.stringify(metadata, null, 1)}\n`;
}

/** A photo that is listed under two classes has two samples. The same rows give the same ids. */
export function fiftyOneSamples(photos: readonly HandedPhoto[], { pathOf }: Pick<PhotoPlaces, 'pathOf'>): string {
  const samples = photos.map((photo) => ({
    _id: objectId(photo, 'sample'),
    // FiftyOne tells pictures from other files by the extension, which blobs do not have.
    _media_type: 'image',
    // FiftyOne sorts by this number to draw random samples.
    _rand: Number.parseInt(photo.sha256.slice(0, 8), 16) / 2 ** 32,
    filepath: pathOf(photo.sha256),
    tags: [],
    metadata: null,
    ...fieldsOf(photo),
  }));
  return `${JSON.stringify({ samples }, null, 1)}\n`;
}

function fieldsOf(photo: HandedPhoto): object {
  const classification = (use: string, value: object): object => ({
    _id: objectId(photo, use),
    _cls: 'Classification',
    tags: [],
    ...value,
  });
  return {
    searched_as: classification('searched_as', { label: photo.name }),
    searched_as_wnid: photo.wnid,
    prediction: classification('prediction', { label: photo.confusionName, confidence: photo.confusionProb }),
    prediction_wnid: photo.confusionWnid,
    prob_searched_as: photo.maxTrueProb,
    rank: photo.rank,
    sha256: photo.sha256,
    source: photo.rights.source,
    source_id: photo.rights.sourceId,
    page_url: photo.rights.pageUrl,
    creator: photo.rights.creator,
    licence: photo.rights.licence,
    licence_url: photo.rights.licenceUrl,
  };
}

/** 24 hex digits, as MongoDB's extended JSON writes an id. */
function objectId({ sha256, wnid }: HandedPhoto, use: string): object {
  return {
    $oid: sha256Of(JSON.stringify([sha256, wnid, use])).slice(0, 24),
  };
}

function field(name: string, type: keyof typeof TYPES, options: FieldOptions = {}): object {
  return {
    name,
    ftype: TYPES[type],
    embedded_doc_type: options.document ?? null,
    subfield: type === 'list' ? TYPES.string : null,
    fields: options.fields ?? [],
    db_field: options.storedAs ?? name,
    description: options.description ?? null,
    info: null,
    read_only: type === 'date',
  };
}

const FIELDS_OF_EVERY_SAMPLE: readonly object[] = [
  field('id', 'id', { storedAs: '_id' }),
  field('filepath', 'string'),
  field('tags', 'list'),
  field('metadata', 'embedded', {
    document: 'fiftyone.core.metadata.ImageMetadata',
    fields: [
      field('size_bytes', 'int'),
      field('mime_type', 'string'),
      field('width', 'int'),
      field('height', 'int'),
      field('num_channels', 'int'),
    ],
  }),
  field('created_at', 'date'),
  field('last_modified_at', 'date'),
  field('_media_type', 'string'),
  field('_rand', 'float'),
  field('_dataset_id', 'id'),
];

function classificationField(name: string, description: string): object {
  return field(name, 'embedded', {
    document: 'fiftyone.core.labels.Classification',
    fields: [
      field('id', 'id', { storedAs: '_id' }),
      field('tags', 'list'),
      field('label', 'string'),
      field('confidence', 'float'),
      field('logits', 'vector'),
    ],
    description,
  });
}

const FIELDS_OF_PHOTOS: readonly object[] = [
  classificationField(
    'searched_as',
    'The class (mode O: the concept) that the photo was searched as. Nobody checked it.',
  ),
  field('searched_as_wnid', 'string'),
  classificationField('prediction', 'What the models take the photo for. Confidence: the mean p over crops, 0 to 1.'),
  field('prediction_wnid', 'string'),
  field('prob_searched_as', 'float', {
    description: 'The largest p of the class searched as over models and crops, 0 to 1. Empty in mode O.',
  }),
  field('rank', 'int', { description: 'Place on the shortlist of the class searched as: 1, 2, ...' }),
  field('sha256', 'string', { description: "SHA-256 of the photo's bytes." }),
  field('source', 'string'),
  field('source_id', 'string', { description: 'What the source calls the photo.' }),
  field('page_url', 'string', { description: "The photo's page at the source." }),
  field('creator', 'string'),
  field('licence', 'string', { description: 'As the source states it: an SPDX expression where there is one.' }),
  field('licence_url', 'string'),
];
