import { columnsOf, type ColumnType } from '../select/photo-row.ts';
import type { CroissantNode } from './croissant-terms.ts';
import { METADATA } from '../layout.ts';
import type { WrittenFile } from '../output-folder.process.ts';
import type { Protocol } from '../protocol.ts';
import { EXPORT_MODES } from '../modes.ts';

/** Ids of the Croissant file. They contain no blanks, which mlcroissant refuses. */
const ROWS = 'metadata.jsonl';
const PICTURES = 'pictures';

/** Other forms of the set (shards, Parquet) show the same photos, and controls are no part of it, so they are not listed. */
export function filesOf(protocol: Protocol, files: readonly WrittenFile[]): readonly CroissantNode[] {
  const rows = files.find(({ path }) => path === METADATA);
  if (rows === undefined)
    throw new RangeError(`Expected ${METADATA} among the files of the export, but it is missing.`);
  return [linesFile(rows), ...(protocol.options.pixels ? [pictureFiles(protocol)] : [])];
}

function linesFile({ path, bytes, sha256 }: WrittenFile): CroissantNode {
  return {
    '@type': 'cr:FileObject',
    '@id': ROWS,
    name: ROWS,
    description: 'One line for each photo: class, rights, evidence and hashes.',
    contentUrl: path,
    contentSize: `${bytes} B`,
    encodingFormat: 'application/jsonlines',
    sha256,
  };
}

/** Only patterns that match a file. Released names of mode O end in `.JPEG`. */
function pictureFiles({ pictures, rule, options }: Protocol): CroissantNode {
  const jpeg = `test/*${options.names === 'id' ? '.jpg' : EXPORT_MODES[rule.mode].releasedJpeg}`;
  const kinds = [
    { photos: pictures.jpg, type: 'image/jpeg', files: jpeg },
    { photos: pictures.png, type: 'image/png', files: 'test/*.png' },
  ].filter(({ photos: count }) => count > 0);
  return {
    '@type': 'cr:FileSet',
    '@id': PICTURES,
    name: PICTURES,
    description: 'The photos, in a folder for each class.',
    encodingFormat: kinds.map(({ type }) => type),
    includes: kinds.map(({ files }) => files),
  };
}

export function recordSetsOf(protocol: Protocol): readonly CroissantNode[] {
  const { pixels } = protocol.options;
  return [...(protocol.classes.length === 0 ? [] : [classes(protocol)]), photos(protocol), ...(pixels ? [IMAGES] : [])];
}

/** The specification wants a `name` in an enumeration, which is what people read. */
function classes({ classes: folders }: Protocol): CroissantNode {
  return {
    '@type': 'cr:RecordSet',
    '@id': 'classes',
    name: 'classes',
    description: 'The folders of test/, in the order of their labels.',
    dataType: 'sc:Enumeration',
    key: { '@id': 'classes/wnid' },
    field: [
      plainField('classes/wnid', 'The folder.', 'sc:Text'),
      plainField('classes/name', 'What people call the class.', 'sc:Text'),
      plainField('classes/label', 'Position of the folder.', 'sc:Integer'),
    ],
    data: folders.map(({ wnid, name, label }) => ({
      'classes/wnid': wnid,
      'classes/name': name,
      'classes/label': label,
    })),
  };
}

function plainField(id: string, description: string, dataType: string | readonly string[]): CroissantNode {
  return { '@type': 'cr:Field', '@id': id, name: id.split('/').at(-1), description, dataType };
}

const TYPE_OF: Readonly<Record<ColumnType, string | readonly string[]>> = {
  text: 'sc:Text',
  label: ['sc:Integer', 'cr:Label'],
  'whole number': 'sc:Integer',
  number: 'sc:Float',
  texts: 'sc:Text',
};

/**
 * `max_true_prob` is left out in mode O, where it is always null. mlcroissant 1.1.1 loads no joins of these lines with
 * the pictures and the classes at once, so the pictures are a record set of their own.
 */
function photos(protocol: Protocol): CroissantNode {
  const mode = EXPORT_MODES[protocol.rule.mode];
  const columns = columnsOf(protocol).filter(({ name }) => mode.hasTrueProb || name !== 'max_true_prob');
  return {
    '@type': 'cr:RecordSet',
    '@id': 'photos',
    name: 'photos',
    description: 'One record for each photo.',
    key: { '@id': 'photos/file_name' },
    field: columns.map(({ name, type, description }) => ({
      ...plainField(`photos/${name}`, description, TYPE_OF[type]),
      ...(type === 'texts' ? { isArray: true, arrayShape: '-1' } : {}),
      source: { fileObject: { '@id': ROWS }, extract: { column: name } },
      ...(name === 'wnid' && protocol.classes.length > 0 ? { references: { field: { '@id': 'classes/wnid' } } } : {}),
    })),
  };
}

const FROM_PATH = { fileSet: { '@id': PICTURES }, extract: { fileProperty: 'fullpath' } };

const IMAGES: CroissantNode = {
  '@type': 'cr:RecordSet',
  '@id': 'images',
  name: 'images',
  description: 'One record for each picture, with its folder.',
  key: { '@id': 'images/file_name' },
  field: [
    {
      ...plainField('images/image', 'The picture.', 'sc:ImageObject'),
      source: { fileSet: { '@id': PICTURES }, extract: { fileProperty: 'content' } },
    },
    {
      ...plainField('images/wnid', 'The folder.', ['sc:Text', 'cr:Label']),
      source: { ...FROM_PATH, transform: { regex: '^test/([^/]+)/' } },
    },
    {
      ...plainField('images/file_name', 'The file, relative to test/.', 'sc:Text'),
      source: { ...FROM_PATH, transform: { regex: '^test/(.+)$' } },
    },
  ],
};
