/**
 * The `@context` of Croissant 1.1: the keys of the specification (appendix 1) and those that mlcroissant 1.1.1 expects, with
 * schema.org under https, because mlcroissant refuses http. Validators compare it, so no value may change. The
 * entry `prov` is ours.
 */
export const CROISSANT_CONTEXT = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  annotation: 'cr:annotation',
  arrayShape: 'cr:arrayShape',
  citeAs: 'cr:citeAs',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  containedIn: 'cr:containedIn',
  cr: 'http://mlcommons.org/croissant/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  description: { '@container': '@language' },
  equivalentProperty: 'cr:equivalentProperty',
  examples: { '@id': 'cr:examples', '@type': '@json' },
  excludes: 'cr:excludes',
  extract: 'cr:extract',
  field: 'cr:field',
  fileObject: 'cr:fileObject',
  fileProperty: 'cr:fileProperty',
  fileSet: 'cr:fileSet',
  format: 'cr:format',
  includes: 'cr:includes',
  isArray: 'cr:isArray',
  isLiveDataset: 'cr:isLiveDataset',
  jsonPath: 'cr:jsonPath',
  key: 'cr:key',
  md5: 'cr:md5',
  name: { '@container': '@language' },
  parentField: 'cr:parentField',
  path: 'cr:path',
  prov: 'http://www.w3.org/ns/prov#',
  rai: 'http://mlcommons.org/croissant/RAI/',
  readLines: 'cr:readLines',
  recordSet: 'cr:recordSet',
  references: 'cr:references',
  regex: 'cr:regex',
  repeated: 'cr:repeated',
  replace: 'cr:replace',
  samplingRate: 'cr:samplingRate',
  sc: 'https://schema.org/',
  sdVersion: 'cr:sdVersion',
  separator: 'cr:separator',
  source: 'cr:source',
  subField: 'cr:subField',
  transform: 'cr:transform',
  unArchive: 'cr:unArchive',
  value: 'cr:value',
} as const;

/**
 * The properties that our Croissant file uses, beside those of the context. JSON-LD takes a misspelt property for one of
 * schema.org, so nothing else finds a misspelling. Sources: schema.org/Dataset, Croissant RAI 1.0, PROV-O.
 */
export const CROISSANT_TERMS = [
  '@context',
  '@id',
  '@type',
  // schema.org
  'license',
  'url',
  'creator',
  'datePublished',
  'version',
  'keywords',
  'distribution',
  'contentUrl',
  'contentSize',
  'encodingFormat',
  'sha256',
  // Croissant RAI
  'rai:dataCollection',
  'rai:dataCollectionType',
  'rai:dataCollectionTimeframe',
  'rai:dataCollectionMissingData',
  'rai:dataPreprocessingProtocol',
  'rai:dataManipulationProtocol',
  'rai:dataAnnotationProtocol',
  'rai:dataAnnotationPlatform',
  'rai:dataAnnotationAnalysis',
  'rai:annotationsPerItem',
  'rai:annotatorDemographics',
  'rai:machineAnnotationTools',
  'rai:dataLimitations',
  'rai:dataBiases',
  'rai:dataUseCases',
  'rai:dataSocialImpact',
  'rai:personalSensitiveInformation',
  'rai:dataReleaseMaintenancePlan',
  // PROV-O
  'prov:label',
  'prov:wasDerivedFrom',
  'prov:wasGeneratedBy',
  'prov:wasAssociatedWith',
  'prov:wasInformedBy',
  'prov:startedAtTime',
  'prov:endedAtTime',
] as const;
type CroissantTerm = (typeof CROISSANT_TERMS)[number] | keyof typeof CROISSANT_CONTEXT;

export type CroissantValue =
  | string
  | boolean
  | CroissantNode
  | typeof CROISSANT_CONTEXT
  | readonly CroissantValue[]
  /** Inline records: their keys are ids of fields. */
  | readonly Readonly<Record<`${string}/${string}`, string | number>>[];

/** The compiler refuses properties that are not in the list; undefined ones are left out. */
export type CroissantNode = { readonly [Term in CroissantTerm]?: CroissantValue | undefined };
